from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from realtime_fer.publishing.message import Content, ReasoningMessage, is_last_of_topic
from realtime_fer.publishing.stamping import MessageStamper
from tests.publishing import contents


def fields(**changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = MessageStamper().stamp(contents.reasoning()).model_dump(mode="json")
    return {**said, **changes}


def test_every_field_must_be_there() -> None:
    for name in fields():
        with pytest.raises(ValidationError, match=name):
            ReasoningMessage.model_validate({key: value for key, value in fields().items() if key != name})


def test_it_is_an_answer_or_an_error_never_both_and_never_neither() -> None:
    error = {"kind": "died", "message": "gone"}
    assert ReasoningMessage.model_validate(fields(answer=None, error=error)).error is not None
    with pytest.raises(ValidationError, match="found both"):
        ReasoningMessage.model_validate(fields(error=error))
    with pytest.raises(ValidationError, match="found neither"):
        ReasoningMessage.model_validate(fields(answer=None))


@pytest.mark.parametrize(
    ("field", "value"),
    [("keyframe_id", -1), ("track_id", 0), ("reason", "New Face"), ("latency_ms", -1), ("latency_ms", math.nan)],
)
def test_values_out_of_range_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        ReasoningMessage.model_validate(fields(**{field: value}))


def test_an_answer_has_steps_and_numbers_in_range() -> None:
    answer = contents.reasoning().model_dump(mode="json")["answer"]
    with pytest.raises(ValidationError, match="steps"):
        ReasoningMessage.model_validate(fields(answer={**answer, "steps": []}))
    over = [{"question": "primary", "label": "Sadness", "distribution": {"Sadness": 1.5}}]
    with pytest.raises(ValidationError, match="distribution"):
        ReasoningMessage.model_validate(fields(answer={**answer, "steps": over}))


@pytest.mark.parametrize(
    ("field", "value"), [("kind", "Action Unit"), ("name", ""), ("side", "Left"), ("present", None), ("grounding", "")]
)
def test_claims_are_made_of_what_the_schema_says(field: str, value: object) -> None:
    answer = contents.reasoning().model_dump(mode="json")["answer"]
    claims = [{**answer["claims"][0], field: value}]
    with pytest.raises(ValidationError, match=field):
        ReasoningMessage.model_validate(fields(answer={**answer, "claims": claims}))


@pytest.mark.parametrize("content", [contents.partial(), contents.track_reasoning()])
def test_every_field_of_the_other_kinds_must_be_there(content: Content) -> None:
    message = MessageStamper().stamp(content)
    said = message.model_dump(mode="json")
    for name in said:
        with pytest.raises(ValidationError, match=name):
            type(message).model_validate({key: value for key, value in said.items() if key != name})


def test_more_follows_on_the_topic() -> None:
    assert not is_last_of_topic(MessageStamper().stamp(contents.reasoning()))
