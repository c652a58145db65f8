from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.reasoning.keyframes.keyframe import Keyframe, KeyframeEvidence, KeyframeReason, require_image_rgb


def keyframe() -> Keyframe:
    evidence = KeyframeEvidence(
        in_view_s=1,
        since_asked_s=None,
        settled_s=0.5,
        waiting_s=0,
        change=None,
        best_label="a",
        best_probability=0.6,
        second_label="b",
        second_probability=0.4,
        quality=1,
        quality_asked=None,
    )
    return Keyframe(
        keyframe_id=3,
        track_id=1,
        frame_id=7,
        capture_monotonic_ns=10,
        capture_unix_ns=20,
        captured_s=0.2,
        decided_s=0.4,
        reason=KeyframeReason.NEW_FACE,
        evidence=evidence,
        crop_rgb=np.zeros((4, 5, 3), np.uint8),
        face_xyxy=(1, 1, 3, 3),
        labels=("a", "b"),
        probabilities=np.array([0.6, 0.4], np.float32),
    )


def test_a_keyframe_checks_its_shapes() -> None:
    good = keyframe()
    with pytest.raises(ShapeError, match="keyframe 3: 2 labels but probabilities of shape \\(3,\\)"):
        replace(good, probabilities=np.zeros(3, np.float32))
    with pytest.raises(ShapeError, match="keyframe 3: expected a uint8 RGB crop"):
        replace(good, crop_rgb=np.zeros((4, 5), np.uint8))


@pytest.mark.parametrize(
    "image", [np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 4), np.uint8)]
)
def test_what_is_no_rgb_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="the crop: expected a uint8 RGB crop of shape \\(H, W, 3\\), found"):
        require_image_rgb(image, "the crop")
