from __future__ import annotations

import json

import pytest

from realtime_fer.reasoning.openai_compatible.api_key import ApiKey
from realtime_fer.reasoning.openai_compatible.connection import HttpReply
from realtime_fer.reasoning.openai_compatible.refusals import model_names, not_found, redirected, server_words, shown

KEY = ApiKey("MY_KEY", "sk-secret")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "too long", "type": "x"}}, "too long"),
        ({"object": "error", "message": "too long"}, "too long"),
        ({"error": "too long"}, "too long"),
        ({"detail": [{"msg": "too long"}]}, "[{'msg': 'too long'}]"),
        (b"<html>\n bad \x00 gateway", "<html> bad ? gateway"),
        (b"", ""),
        (b"\xff", "\ufffd"),
        (b"[" * 60_000, "[" * 200 + "..."),
        ({"error": {"message": "no key sk-secret here"}}, "no key *** here"),
    ],
)
def test_the_words_of_a_server(body: object, words: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert server_words(raw, KEY) == words


def test_a_key_is_hidden_before_the_text_is_cut() -> None:
    assert "sk" not in shown("x" * 5 + "sk-secret", KEY, at_most=7)


def test_models() -> None:
    assert model_names(b'{"data": [{"id": "a"}, {"id": "b"}]}', KEY) == ["a", "b"]
    assert model_names(b'{"data": {}}', KEY) is None


def test_not_found_names_a_few_models() -> None:
    assert "offers none;" in not_found("", "m", [])
    assert "which it lists" in not_found("", "m", ["m"])
    many = not_found("", "m", [f"model-{number}" for number in range(50)])
    assert "model-9, ..." in many
    assert "model-10" not in many


@pytest.mark.parametrize(
    ("location", "to"),
    [
        ("https://me:pw@far/v1/x?k=1#f", "to https://far/v1/x,"),
        ("/v2/x?k=1", "to /v2/x,"),
        ("", "to nowhere,"),
        ("http://[::1", "to nowhere,"),
        ("//far/v1", "to ://far/v1,"),
    ],
)
def test_where_a_redirection_goes(location: str, to: str) -> None:
    assert to in redirected(HttpReply(308, {"location": location}, b""), KEY)
