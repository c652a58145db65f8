from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.reasoning.request import ReasoningRequest, require_shares
from tests.reasoning.keyframes.test_keyframe import keyframe
from tests.reasoning.questions import request


def test_a_keyframe_becomes_a_question() -> None:
    chosen = keyframe()
    asked = ReasoningRequest.about(chosen)
    assert (asked.request_id, asked.track_id, asked.frame_id) == (3, 1, 7)
    assert (asked.capture_monotonic_ns, asked.capture_unix_ns) == (10, 20)
    assert asked.crop_rgb is chosen.crop_rgb
    assert asked.face_xyxy == chosen.face_xyxy
    assert asked.probabilities == pytest.approx({"a": 0.6, "b": 0.4})
    assert asked.reason is chosen.reason
    assert asked.action_units == {}, "nothing measures them yet"


def test_rounding_beyond_one_is_no_error() -> None:
    chosen = replace(keyframe(), probabilities=np.array([1.0000001, -1e-9], np.float32))
    assert ReasoningRequest.about(chosen).probabilities == {"a": 1.0, "b": 0.0}


def test_bad_values_are_refused_where_they_come_in() -> None:
    with pytest.raises(ShapeError, match="request 0: expected a uint8 RGB crop"):
        request(crop=np.zeros((3, 3), np.uint8))
    with pytest.raises(ShapeError, match="request 0: face_xyxy: expected four finite numbers"):
        replace(request(), face_xyxy=(0, 0, float("inf"), 1))
    with pytest.raises(ShapeError, match=r"request 0: probabilities: expected numbers in \[0, 1\], found joy = 1.5"):
        replace(request(), probabilities={"joy": 1.5})
    with pytest.raises(ShapeError, match=r"request 0: action_units: expected numbers in \[0, 1\], found AU12 = -0.5"):
        replace(request(), action_units={"AU12": -0.5})


def test_a_share_is_no_not_a_number() -> None:
    require_shares({"a": 0.0, "b": 1.0}, "it")
    with pytest.raises(ShapeError, match="it: expected numbers"):
        require_shares({"a": float("nan")}, "it")
