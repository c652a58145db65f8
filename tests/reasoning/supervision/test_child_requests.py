from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from realtime_fer.errors import MessageError
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.reasoning.supervision.child_frames import FrameReader
from realtime_fer.reasoning.supervision.child_requests import decode_request, encode_cancel, encode_request
from tests.reasoning.questions import request


def sent() -> tuple[dict[str, Any], bytes]:
    ((header, pixels),) = FrameReader().feed(encode_request(asked()))
    return header, pixels


def asked() -> ReasoningRequest:
    return replace(request(5, track_id=2), action_units={"AU12": 0.875})


def test_a_question_survives_the_way() -> None:
    question, got = asked(), decode_request(*sent())
    np.testing.assert_array_equal(got.crop_rgb, question.crop_rgb)
    assert not got.crop_rgb.flags.writeable
    for name in question.__dataclass_fields__:
        if name != "crop_rgb":
            assert getattr(got, name) == getattr(question, name)


def test_a_crop_that_is_a_window_of_another_array_arrives_as_it_looks() -> None:
    window = np.arange(10 * 12 * 3, dtype=np.uint8).reshape(10, 12, 3)[2:7, 3:9, ::-1]
    ((header, pixels),) = FrameReader().feed(encode_request(request(crop=window)))
    np.testing.assert_array_equal(decode_request(header, pixels).crop_rgb, window)


@pytest.mark.parametrize(
    "changes",
    [
        {"height": 50},
        {"width": "4"},
        {"face_xyxy": [1, 2]},
        {"reason": "because"},
        {"probabilities": [0.5]},
        {"action_units": {"AU1": 2}},
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any]) -> None:
    header, pixels = sent()
    with pytest.raises(MessageError, match="request from the parent process"):
        decode_request({**header, **changes}, pixels)


def test_a_crop_too_large_to_send_is_refused() -> None:
    huge = np.broadcast_to(np.zeros(3, np.uint8), (5000, 5000, 3))
    with pytest.raises(MessageError, match="payload of 75000000 bytes, expected at most"):
        encode_request(request(crop=huge))


def test_that_a_question_is_no_longer_wanted_is_a_message_of_its_own() -> None:
    assert FrameReader().feed(encode_cancel(5)) == [({"kind": "cancel", "request_id": 5}, b"")]
