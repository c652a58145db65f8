from __future__ import annotations

import os

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.exp_blip.server import build
from tests.reasoning.openai_compatible.server import ModelServer, answers
from tests.reasoning.questions import request


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and proxies of whoever runs the tests stay out of them."""
    for name in list(os.environ):
        if name == "OPENAI_API_KEY" or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def test_a_caption_from_a_server_has_its_claims() -> None:
    with ModelServer(answers("the lip corners are pulled up. the face shows happiness.")) as server:
        reasoner = build(base_url=server.url, model="exp-blip", version="1", extra_body={"seed": 3})
        answer = reasoner.reason(request())
    (received,) = server.received
    assert received.question == ""
    assert (received.body["max_tokens"], received.body["temperature"]) == (200, 0.0)
    assert (received.body["stop"], received.body["seed"]) == (["\n"], 3)
    assert "logprobs" not in received.body
    assert [(step.question, step.label) for step in answer.steps] == [
        ("caption", "the lip corners are pulled up. the face shows happiness.")
    ]
    assert [claim.code or claim.name for claim in answer.claims] == ["happiness", "AU12"]
    assert (answer.model_name, answer.model_version) == ("exp-blip", "Exp-BLIP 1, exp-blip on a server")


def test_options_that_cannot_be_used() -> None:
    with pytest.raises(SettingsError, match="kind: expected one of au, emot, exp"):
        build(kind="all", base_url="http://127.0.0.1:1/v1", model="m")
    with pytest.raises(SettingsError, match="there is no option beams"):
        build(beams=5, base_url="http://127.0.0.1:1/v1", model="m")
    with pytest.raises(SettingsError, match="extra_body"):
        build(extra_body=3, base_url="http://127.0.0.1:1/v1", model="m")
