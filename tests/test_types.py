from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.types import ExpressionEstimate, FaceDetection, FaceTrack, Frame, require_image_bgr
from tests.fakes import box, make_frame


def test_a_frame_knows_its_size_and_its_time_line() -> None:
    frame = make_frame(2, width=640, height=360)
    assert (frame.width, frame.height) == (640, 360)
    assert frame.timeline_ns == frame.capture_monotonic_ns
    assert make_frame(2, media_time_s=1.5).timeline_ns == 1_500_000_000


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)],
)
def test_a_picture_of_another_form_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ShapeError, match=r"uint8 BGR of shape \(H, W, 3\), found"):
        require_image_bgr(image, "picture")
    with pytest.raises(ShapeError, match="frame 7"):
        Frame(7, image, 0, 0)


def test_boxes_and_landmarks_are_checked() -> None:
    with pytest.raises(ShapeError, match=r"expected shape \(4,\), found \(3,\)"):
        FaceDetection(np.zeros(3, np.float32), 0.5)
    with pytest.raises(ShapeError, match=r"expected shape \(5, 2\)"):
        FaceDetection(box(0, 0, 1, 1), 0.5, np.zeros((4, 2), np.float32))
    with pytest.raises(ShapeError, match=r"\(4,\)"):
        FaceTrack(1, np.zeros(5, np.float32), 0.5, True, 1, 0)


def test_probabilities_match_the_labels() -> None:
    with pytest.raises(ShapeError, match="2 labels"):
        ExpressionEstimate(("a", "b"), np.zeros(3, np.float32), np.zeros(2, np.float32), "a")
