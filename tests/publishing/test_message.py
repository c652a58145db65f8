from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from realtime_fer.publishing.message import FaceMessage, FrameMessage, is_last_of_topic, is_passing
from realtime_fer.publishing.stamping import MessageStamper
from tests.publishing import contents


def frame_fields(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = MessageStamper().stamp(contents.frame()).model_dump(mode="json")
    return {**fields, **changes}


def test_every_field_must_be_there() -> None:
    fields = frame_fields()
    for name in fields:
        with pytest.raises(ValidationError, match=name):
            FrameMessage.model_validate({key: value for key, value in fields.items() if key != name})


def test_fields_of_a_newer_minor_version_are_ignored() -> None:
    message = FrameMessage.model_validate(frame_fields(gaze_xyz=[0, 0, 1]))
    assert not hasattr(message, "gaze_xyz")


def test_messages_are_frozen() -> None:
    message = FrameMessage.model_validate(frame_fields())
    with pytest.raises(ValidationError, match="frozen"):
        message.frame_id = 3


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["bbox_xyxy", "detection_confidence", "landmarks_xy"])
def test_no_number_is_nan_or_infinite(field: str, value: float) -> None:
    face: dict[str, Any] = contents.frame().faces[0].model_dump()
    face[field] = {"bbox_xyxy": [0, 0, value, 1], "detection_confidence": value, "landmarks_xy": [[0, value]] * 5}[field]
    with pytest.raises(ValidationError, match=field):
        FaceMessage.model_validate(face)


@pytest.mark.parametrize(
    ("field", "value"),
    [("frame_id", -1), ("kind", "track"), ("width", 0), ("topic", "two words"), ("sequence", -1), ("stage_ms", {"detect": -1})],
)
def test_values_out_of_range_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        FrameMessage.model_validate(frame_fields(**{field: value}))


def test_only_the_end_of_a_track_is_the_last_of_its_topic() -> None:
    stamper = MessageStamper()
    assert is_last_of_topic(stamper.stamp(contents.turn("ended")))
    assert not is_last_of_topic(stamper.stamp(contents.turn("updated")))
    assert not is_last_of_topic(stamper.stamp(contents.frame()))
    assert is_last_of_topic(stamper.stamp(contents.track_reasoning("ended")))
    assert not is_last_of_topic(stamper.stamp(contents.track_reasoning()))
    assert not is_last_of_topic(stamper.stamp(contents.partial()))


def test_only_words_on_the_way_to_an_answer_pass() -> None:
    stamper = MessageStamper()
    assert is_passing(stamper.stamp(contents.partial()))
    others = (contents.frame(), contents.turn(), contents.reasoning(), contents.track_reasoning(), contents.health())
    assert not any(is_passing(stamper.stamp(content)) for content in others)
