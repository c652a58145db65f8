from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.detection.yolov8_decode import decode_yolov8, require_yolov8_output
from realtime_fer.errors import ModelShapeError


def test_one_class_head_by_hand() -> None:
    output = np.array(
        [
            [
                [100.0, 10.0, 50.0],  # cx
                [80.0, 10.0, 60.0],  # cy
                [40.0, 4.0, 10.0],  # w
                [20.0, 6.0, 12.0],  # h
                [0.9, 0.1, 0.5],  # confidence
            ]
        ],
        np.float32,
    )
    found = decode_yolov8(output, confidence_threshold=0.5)
    np.testing.assert_allclose(found.boxes_xyxy, [[80, 70, 120, 90], [45, 54, 55, 66]])
    np.testing.assert_allclose(found.confidences, [0.9, 0.5])
    assert found.landmarks_xy is None
    assert found.boxes_xyxy.dtype == np.float32


def test_five_point_head_by_hand() -> None:
    # One anchor: box, confidence, then x, y, visibility of the points 1 to 5.
    points = [(11, 21, 0.1), (12, 22, 0.2), (13, 23, 0.3), (14, 24, 0.4), (15, 25, 0.5)]
    output = np.array([50, 60, 20, 40, 0.8, *(v for p in points for v in p)], np.float32).reshape(1, 20, 1)
    found = decode_yolov8(output, confidence_threshold=0.3)
    np.testing.assert_allclose(found.boxes_xyxy, [[40, 40, 60, 80]])
    assert found.landmarks_xy is not None
    np.testing.assert_allclose(found.landmarks_xy, [[[11, 21], [12, 22], [13, 23], [14, 24], [15, 25]]])


def test_points_stay_with_their_box() -> None:
    output = np.zeros((1, 20, 3), np.float32)
    output[0, 4] = [0.9, 0.1, 0.8]
    output[0, 0] = output[0, 5] = [1, 2, 3]
    found = decode_yolov8(output, confidence_threshold=0.5)
    assert found.landmarks_xy is not None
    np.testing.assert_allclose(found.landmarks_xy[:, 0, 0], [1, 3])


def test_only_the_surest_candidates_go_on() -> None:
    rng = np.random.default_rng(0)
    output = rng.uniform(0, 1, (1, 5, 3000)).astype(np.float32)
    found = decode_yolov8(output, confidence_threshold=0.2, max_candidates=50)
    expected = np.sort(output[0, 4])[::-1][:50]
    np.testing.assert_allclose(np.sort(found.confidences)[::-1], expected)


def test_no_face() -> None:
    found = decode_yolov8(np.zeros((1, 20, 100), np.float32), confidence_threshold=0.3)
    assert found.boxes_xyxy.shape == (0, 4)
    assert found.landmarks_xy is not None
    assert found.landmarks_xy.shape == (0, 5, 2)


def test_not_a_number_is_not_a_face() -> None:
    output = np.full((1, 5, 3), 0.9, np.float32)
    output[0, 4, 0] = np.nan
    output[0, 2, 1] = np.inf
    found = decode_yolov8(output, confidence_threshold=0.3)
    assert len(found.confidences) == 1
    assert np.isfinite(found.boxes_xyxy).all()


@pytest.mark.parametrize("shape", [(1, 84, 100), (1, 100, 5), (2, 5, 100), (5, 100), (1, 80, 40, 40), (1, 6, 100)])
def test_other_heads_are_named(shape: tuple[int, ...]) -> None:
    output = np.zeros(shape, np.float32)
    with pytest.raises(ModelShapeError) as raised:
        require_yolov8_output(output, "some model")
    message = str(raised.value)
    assert message.startswith("some model: expected one output of shape (1, 5, A) or (1, 20, A)")
    assert f"found {shape}" in message
    with pytest.raises(ModelShapeError):
        decode_yolov8(output, confidence_threshold=0.5)
