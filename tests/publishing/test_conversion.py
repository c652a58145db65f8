from __future__ import annotations

import dataclasses
import logging

import numpy as np
import pytest

from realtime_fer.errors import MessageError
from realtime_fer.publishing.conversion import frame_content
from realtime_fer.publishing.encoding import encode_payload
from realtime_fer.publishing.message import FaceMessage
from realtime_fer.publishing.stamping import MessageStamper
from realtime_fer.types import ExpressionEstimate, FaceTrack, TrackedExpression
from tests.publishing import contents


def convert_face(track: FaceTrack | None = None, expression: ExpressionEstimate | None = None) -> FaceMessage:
    face = TrackedExpression(track or contents.track(), expression)
    content = frame_content(dataclasses.replace(contents.result(), faces=(face,)), expression_model=contents.MODEL)
    return content.faces[0]


def test_everything_of_a_frame_is_carried_over() -> None:
    content = frame_content(contents.result(7, faces=2), expression_model=contents.MODEL)
    assert (content.source, content.frame_id, content.media_time_s) == ("clip.mp4", 7, 0.28)
    assert (content.capture_monotonic_ns, content.capture_unix_ns) == (5_000_000_007, 1_700_000_000_000_000_007)
    assert (content.width, content.height, content.detector_ran, content.frames_dropped) == (64, 48, True, 2)
    assert content.stage_ms == {"detect": 4.25, "classify": 1.5}
    assert [face.track_id for face in content.faces] == [1, 2]


def test_everything_of_a_face_is_carried_over_rounded() -> None:
    face = convert_face(expression=contents.estimate(1))
    assert face.bbox_xyxy == (10.12, 20.0, 50.5, 60.25)
    assert face.landmarks_xy == ((0.0, 1.0), (2.0, 3.0), (4.0, 5.0), (6.0, 7.0), (8.0, 9.0))
    assert (face.detected, face.detection_confidence, face.age_frames, face.missed_frames) == (True, 0.875, 3, 0)
    expression = face.expression
    assert expression is not None
    assert (expression.label, expression.confidence, expression.model) == ("happiness", 0.65, contents.MODEL)
    assert expression.probabilities["happiness"] == 0.65
    assert expression.probabilities_raw["happiness"] == 0.3
    assert sum(expression.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
    assert (expression.valence, expression.arousal, expression.valence_arousal_source) == (0.5, -0.25, "projected")


def test_an_unknown_expression_has_the_likeliest_probability_as_confidence() -> None:
    expression = convert_face(expression=contents.estimate(3, label="unknown")).expression
    assert expression is not None
    assert (expression.label, expression.confidence) == ("unknown", 0.65)
    assert "unknown" not in expression.probabilities


def test_a_face_that_was_not_classified_has_no_expression() -> None:
    assert convert_face(expression=None).expression is None


def test_a_face_without_a_finite_box_is_left_out_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    nowhere = dataclasses.replace(contents.track(9), bbox_xyxy=np.array([0, np.nan, 1, 1], np.float32))
    faces = (TrackedExpression(nowhere, None), TrackedExpression(contents.track(10), None))
    with caplog.at_level(logging.WARNING):
        content = frame_content(dataclasses.replace(contents.result(), faces=faces), expression_model=contents.MODEL)
    assert [face.track_id for face in content.faces] == [10]
    assert "track 9" in caplog.text


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nothing_that_is_not_finite_reaches_the_wire(value: float) -> None:
    track = dataclasses.replace(contents.track(), confidence=value, landmarks_xy=np.full((5, 2), value, np.float32))
    face = convert_face(track, dataclasses.replace(contents.estimate(), valence=value, arousal=value))
    assert face.landmarks_xy is None
    assert face.detection_confidence == 0.0
    assert face.expression is not None
    assert (face.expression.valence, face.expression.valence_arousal_source) == (None, None)
    broken = dataclasses.replace(contents.estimate(), probabilities_raw=np.full(8, value, np.float32))
    assert convert_face(expression=broken).expression is None
    timed = dataclasses.replace(contents.result(), stage_ms={"detect": value, "track": 1.0})
    content = frame_content(timed, expression_model=contents.MODEL)
    assert content.stage_ms == {"track": 1.0}
    payload = encode_payload(MessageStamper().stamp(content), "json")
    assert b"NaN" not in payload
    assert b"Infinity" not in payload


def test_rounding_errors_of_float32_stay_within_range() -> None:
    over = dataclasses.replace(
        contents.estimate(0), probabilities=np.array([1.0000001, *[-1e-9] * 7], np.float32), valence=1.0000002
    )
    expression = convert_face(expression=over).expression
    assert expression is not None
    assert expression.probabilities["neutral"] == 1.0
    assert expression.probabilities["fear"] == 0.0
    assert expression.valence == 1.0


def test_a_value_outside_the_schema_names_frame_and_field() -> None:
    wrong = dataclasses.replace(contents.result(4), frames_dropped=-1)
    with pytest.raises(MessageError, match=r"frame 4: .*frames_dropped.*-1"):
        frame_content(wrong, expression_model=contents.MODEL)
