from __future__ import annotations

import json

import pytest

from realtime_fer.errors import MessageError
from realtime_fer.reasoning.openai_compatible.completion import MAX_ANSWER_CHARS, read_completion
from tests.reasoning.openai_compatible.server import completion, token


def body(text: str | None, logprob: str = "-0.5") -> bytes:
    return json.dumps(completion(text, [{**token("Sad", 0.6), "logprob": "HERE"}])).replace('"HERE"', logprob).encode()


def test_text_and_steps() -> None:
    read = read_completion(body("  Sadness \n"))
    assert read.text == "Sadness"
    assert read.steps is not None
    assert [(step.token, step.logprob) for step in read.steps] == [("Sad", -0.5)]
    assert len(read_completion(body("x" * 5000)).text) == MAX_ANSWER_CHARS


@pytest.mark.parametrize(
    ("written", "read"),
    [("1e-7", 0.0), ("-9999.0", -9999.0), ("-Infinity", float("-inf")), ("0", 0.0), ("-1e999", float("-inf"))],
)
def test_logprobs_at_their_limits(written: str, read: float) -> None:
    steps = read_completion(body("Sadness", written)).steps
    assert steps is not None
    assert steps[0].logprob == read


@pytest.mark.parametrize("written", ["NaN", "null", '"much"', "[]"])
def test_logprobs_that_are_none(written: str) -> None:
    read = read_completion(body("Sadness", written))
    assert (read.text, read.steps) == ("Sadness", None)


def test_only_the_first_choice_counts() -> None:
    two = {"choices": completion("Fear")["choices"] + completion("Anger")["choices"]}
    assert read_completion(json.dumps(two).encode()).text == "Fear"


@pytest.mark.parametrize("bad", [b"", b"null", b"{}", b'{"choices": [{}]}', b'{"choices": [{"message": null}]}'])
def test_what_is_no_completion(bad: bytes) -> None:
    with pytest.raises(MessageError, match="expected a chat completion in JSON, found that"):
        read_completion(bad)
