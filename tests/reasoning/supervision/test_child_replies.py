from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_fer.errors import MessageError
from realtime_fer.reasoning.claims import Claim, ClaimKind, Grounding
from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from realtime_fer.reasoning.supervision.child_replies import (
    MAX_CLAIMS,
    MAX_NAME_CHARS,
    MAX_STEPS,
    MAX_TEXT_CHARS,
    Answered,
    Cancelled,
    CannotStart,
    Raised,
    Ready,
    Reply,
    Saying,
    answer_values,
    newest_words,
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
    claims=(
        Claim(ClaimKind.ACTION_UNIT, "lip corner puller", code="AU12", side="left", intensity="slightly"),
        Claim(ClaimKind.EXPRESSION, "fear", present=False),
    ),
)


@pytest.mark.parametrize(
    "reply",
    [
        Ready("model", ""),
        CannotStart("why", permanent=True),
        Answered(3, {"x": 1}),
        Raised(4, "why", fatal=False),
        Saying(5, "primary", "It looks"),
        Cancelled(6),
    ],
)
def test_replies_survive_the_way(reply: Reply) -> None:
    assert read_reply(json.loads(json.dumps(reply_values(reply)))) == reply


def test_an_answer_survives_the_way() -> None:
    assert read_answer(json.loads(json.dumps(answer_values(ANSWER)))) == ANSWER


def test_a_whole_description_is_an_answer() -> None:
    described = replace(ANSWER, steps=(ChainStep("description", "The lip corners are pulled up. " * 60),))
    assert read_answer(answer_values(described)) == described


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
        {"kind": "saying", "request_id": 3, "step": "", "text": "x"},
        {"kind": "saying", "request_id": 3, "step": "primary", "text": ["x"]},
        {"kind": "saying", "request_id": None, "step": "primary", "text": "x"},
        {"kind": "cancelled"},
    ],
)
def test_what_is_no_reply_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(MessageError, match="not one of ours"):
        read_reply(header)


@pytest.mark.parametrize(
    ("step", "text", "message"),
    [
        ("x" * (MAX_NAME_CHARS + 1), "x", "step: expected text of at most 200 characters"),
        ("primary", "x" * (MAX_TEXT_CHARS + 1), "text: expected text of at most 4000 characters"),
        ("primary", "\ud83d", "text: expected text, found '.*', which is not Unicode"),
    ],
)
def test_words_are_bounded_and_can_be_published(step: str, text: str, message: str) -> None:
    with pytest.raises(MessageError, match=message):
        read_reply({"kind": "saying", "request_id": 3, "step": step, "text": text})


def test_of_words_that_came_together_the_newest_of_each_step_is_enough() -> None:
    one, more, other, last = (Saying(1, "a", "x"), Saying(1, "a", "x y"), Saying(1, "b", "z"), Saying(2, "b", "z"))
    answered = Answered(1, {})
    assert newest_words([one, more, other, answered, last]) == [more, other, answered, last]
    assert newest_words([other, last]) == [other, last]
    assert newest_words([]) == []


def test_errors_become_one_line_of_bounded_length() -> None:
    reply = read_reply(reply_values(Raised(1, "a\n b\t c" + "x" * 10 * MAX_TEXT_CHARS, fatal=False)))
    assert isinstance(reply, Raised)
    assert reply.error.startswith("a b cx")
    assert len(reply.error) <= MAX_TEXT_CHARS


def changed(**changes: Any) -> dict[str, Any]:
    return {**answer_values(ANSWER), **changes}


def claim(**changes: Any) -> dict[str, Any]:
    return changed(claims=[{**answer_values(ANSWER)["claims"][0], **changes}])


def test_what_the_child_says_of_grounding_is_not_read() -> None:
    told = claim(grounding="agree", evidence="I measured it")
    assert read_answer(told).claims[0].grounding is Grounding.UNKNOWN
    boast = Claim(ClaimKind.EXPRESSION, "fear", grounding=Grounding.AGREE, evidence="I measured it")
    assert answer_values(replace(ANSWER, claims=(boast,)))["claims"][0].keys() == told["claims"][0].keys() - {
        "grounding",
        "evidence",
    }


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
        (changed(claims=None), "claims: expected a list of at most 64, found None"),
        (changed(claims=claim()["claims"] * (MAX_CLAIMS + 1)), "claims: expected a list of at most 64"),
        (changed(claims=["AU12"]), "claim: expected an object, found 'AU12'"),
        (claim(kind="feeling"), "claim: expected kind action_unit or expression, found 'feeling'"),
        (claim(kind=["expression"]), "claim: expected kind action_unit or expression"),
        (claim(name=""), "claim: expected a name, found none"),
        (claim(name=None), "name of a claim: expected text"),
        (claim(code=12), "code of a claim: expected text"),
        (claim(side="both"), "claim: expected side left, right or none, found 'both'"),
        (claim(side=["left"]), "claim: expected side left, right or none"),
        (claim(intensity=0.5), "intensity of a claim: expected text"),
        (claim(present=1), "claim: expected present to be true or false, found 1"),
        (changed(text="\udfff"), "text: expected text, found '.*', which is not Unicode"),
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
