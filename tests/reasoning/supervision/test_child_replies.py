from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_fer.errors import MessageError
from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from realtime_fer.reasoning.supervision.child_replies import (
    MAX_STEPS,
    MAX_TEXT_CHARS,
    Answered,
    CannotStart,
    Raised,
    Ready,
    Reply,
    answer_values,
    read_answer,
    read_reply,
    reply_values,
)

ANSWER = ReasoningAnswer(
    (ChainStep("primary", "Fear", {"Fear": 0.75, "Anger": 0.25}), ChainStep("secondary", "Anger")),
    "Fearfully Angry",
    "It looks afraid and angry.",
    "model",
    "1.2",
)


@pytest.mark.parametrize(
    "reply",
    [Ready("model", ""), CannotStart("why", permanent=True), Answered(3, {"x": 1}), Raised(4, "why", fatal=False)],
)
def test_replies_survive_the_way(reply: Reply) -> None:
    assert read_reply(json.loads(json.dumps(reply_values(reply)))) == reply


def test_an_answer_survives_the_way() -> None:
    assert read_answer(json.loads(json.dumps(answer_values(ANSWER)))) == ANSWER


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"kind": "hello"},
        {"kind": "ready", "name": "", "version": "1"},
        {"kind": "ready", "name": "x" * 1000, "version": "1"},
        {"kind": "ready", "name": "x"},
        {"kind": "cannot_start", "error": "why", "permanent": "no"},
        {"kind": "answered", "request_id": "3", "answer": {}},
        {"kind": "answered", "request_id": 3},
        {"kind": "raised", "request_id": 3, "error": None, "fatal": False},
    ],
)
def test_what_is_no_reply_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(MessageError, match="not one of ours"):
        read_reply(header)


def test_errors_become_one_line_of_bounded_length() -> None:
    reply = read_reply(reply_values(Raised(1, "a\n b\t c" + "x" * 10 * MAX_TEXT_CHARS, fatal=False)))
    assert isinstance(reply, Raised)
    assert reply.error.startswith("a b cx")
    assert len(reply.error) <= MAX_TEXT_CHARS


def changed(**changes: Any) -> dict[str, Any]:
    return {**answer_values(ANSWER), **changes}


def step(**changes: Any) -> dict[str, Any]:
    return changed(steps=[{"question": "primary", "label": "Fear", "distribution": None, **changes}])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (None, "answer: expected an object, found None"),
        (changed(steps={}), "steps: expected a list of at most 16, found {}"),
        (changed(steps=[step()["steps"][0]] * (MAX_STEPS + 1)), "steps: expected a list of at most 16"),
        (changed(steps=[]), "expected steps and a model name"),
        (changed(steps=["Fear"]), "step: expected an object, found 'Fear'"),
        (changed(text=None), "text: expected text of at most 4000 characters, found None"),
        (changed(text="x" * (MAX_TEXT_CHARS + 1)), "text: expected text of at most 4000 characters"),
        (changed(compound_label=3), "compound_label: expected text"),
        (changed(model_name=""), "expected steps and a model name"),
        (changed(model_version=1.5), "model_version: expected text"),
        (step(label=None), "label: expected text"),
        (step(label=""), "expected a question and a label"),
        (step(question=["primary"]), "question: expected text"),
        (step(distribution=[0.5, 0.5]), "distribution: expected an object"),
        (step(distribution={"a": "0.5", "b": 0.5}), "distribution: expected numbers, found '0.5'"),
        (step(distribution={"a": True}), "distribution: expected numbers, found True"),
        (step(distribution={"a": 0.5}), "sums to 1, found 0.5"),
        (step(distribution={"a": 2, "b": -1}), r"expected numbers in \[0, 1\], found a = 2"),
        (step(distribution={str(n): 0.001 for n in range(1000)}), "at most 256 labels, found 1000"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(values: object, message: str) -> None:
    with pytest.raises(MessageError, match=message):
        read_answer(values)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(answer_values(ANSWER))), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(json_values, st.sampled_from(list(answer_values(ANSWER))))
def test_any_value_anywhere_is_an_answer_or_refused(value: Any, where: str) -> None:
    for values in (value, changed(**{where: value})):
        try:
            read = read_answer(values)
        except MessageError as error:
            refusal = str(error)
        else:
            refusal = ""
            assert isinstance(read, ReasoningAnswer)
        assert len(refusal) < 300
