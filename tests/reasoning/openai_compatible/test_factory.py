from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION, second_question
from realtime_fer.reasoning.openai_compatible.factory import build
from realtime_fer.reasoning.openai_compatible.options import ServerOptions
from realtime_fer.reasoning.supervision.child_factory import build_reasoner
from realtime_fer.reasoning.supervision.supervisor import DEFAULT_ANSWER_TIMEOUT_S
from tests.reasoning.openai_compatible.server import ModelServer, answers, token
from tests.reasoning.questions import request

FACTORY = "realtime_fer.reasoning.openai_compatible.factory:build"
GOOD: dict[str, Any] = {"base_url": "http://127.0.0.1:8000/v1", "model": "m"}


def test_options_that_json_can_say_build_a_reasoner_without_asking_the_server() -> None:
    reasoner = build_reasoner(FACTORY, json.loads(json.dumps({**GOOD, "version": "merged 2025-05"})))
    assert (reasoner.name, reasoner.version) == ("m", "merged 2025-05")
    assert build(**GOOD).version == "not stated"


def test_how_the_chain_is_asked_can_be_set() -> None:
    with ModelServer(answers("Neutral"), answers("Fear")) as server:
        options = {"variant": "training", "neutral_hint": True, "second_after_neutral": True}
        build(base_url=server.url, model="m", **options).reason(request())
    first, second = server.received
    assert [first.question, second.question] == [FIRST_QUESTION, second_question("Neutral", neutral_hint=True)]


def test_a_weak_second_emotion_can_be_left_out() -> None:
    with ModelServer(answers("Fear"), answers("Anger", token("An", 0.3, Sad=0.25, Dis=0.25, H=0.2))) as server:
        answer = build(base_url=server.url, model="m", min_second_probability=0.4).reason(request())
    assert answer.compound_label == "Fear"


def test_every_option_is_documented() -> None:
    assert ServerOptions.__doc__ is not None
    documented = ServerOptions.__doc__.split("Attributes:")[1]
    page = (Path(__file__).parents[3] / "docs" / "openai-compatible.md").read_text(encoding="utf-8")
    table = page.split("## Options")[1].split("\n## ")[0]
    for name in ServerOptions.model_fields:
        assert name in documented
        assert f"`{name}`" in table


def test_the_server_is_given_up_before_the_process_is() -> None:
    assert ServerOptions.of(GOOD).deadline_s < DEFAULT_ANSWER_TIMEOUT_S


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "m"}, "base_url: Field required"),
        ({"base_url": "http://gpu/v1"}, "model: Field required"),
        ({**GOOD, "model": ""}, "model: String should have at least 1 character, found ''"),
        ({**GOOD, "base_url": "gpu"}, "base_url: expected http:// or https://"),
        ({**GOOD, "timeout_s": 0}, "timeout_s: Input should be greater than 0, found 0"),
        ({**GOOD, "timeout_s": float("nan")}, "timeout_s: .*, found nan"),
        ({**GOOD, "top_logprobs": "many"}, "top_logprobs: .*, found 'many'"),
        ({**GOOD, "image_format": "webp"}, "image_format: Input should be 'png' or 'jpeg', found 'webp'"),
        ({**GOOD, "constrain": "yes"}, "constrain: Input should be 'structured_outputs' or 'guided_choice'"),
        ({**GOOD, "matching": "fuzzy"}, "matching: .*, found 'fuzzy'"),
        ({**GOOD, "variant": "webcam"}, "chain variant: expected one of notebook-compound, .*, found 'webcam'"),
        ({**GOOD, "extra_body": {"messages": []}}, "extra_body: .*expected none of messages, model, n, stream, found messages"),
    ],
)
def test_bad_options_name_key_and_value(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        build(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": "sk-secret"},
        {"api_key_env": "sk-secret"},
        {"api_key_env": ["sk-secret"]},
        {"base_url": "https://me:sk-secret@gpu/v1"},
        {"base_url": ["sk-secret"]},
        {"extra_body": "sk-secret"},
    ],
)
def test_a_key_among_the_options_is_refused_and_not_repeated(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        build(**{**GOOD, **options})
    assert "secret" not in str(caught.value)


def test_the_key_is_neither_logged_nor_sent_in_the_clear(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with caplog.at_level(logging.DEBUG):
        build(**GOOD)
    assert "asks model m at http://127.0.0.1:8000/v1; ApiKey(OPENAI_API_KEY, set)" in caplog.text
    assert "secret" not in caplog.text
    with pytest.raises(SettingsError, match="OPENAI_API_KEY: would be sent to http://gpu unencrypted"):
        build(base_url="http://gpu/v1", model="m")
    build(base_url="http://gpu/v1", model="m", send_key_unencrypted=True)
    build(base_url="http://gpu/v1", model="m", api_key_env=None)


def test_a_file_of_authorities_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("empty.pem", "absent.pem"):
        with pytest.raises(SettingsError, match=f"ca_file: expected certificates in PEM at .*{name}"):
            build(base_url="https://gpu/v1", model="m", ca_file=str(tmp_path / name))


def test_it_needs_nothing_but_the_core() -> None:
    code = (
        "import sys; import realtime_fer.reasoning.openai_compatible.factory; "
        "print(sorted({'torch', 'transformers', 'requests', 'httpx', 'openai'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
