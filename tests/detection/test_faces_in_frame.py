from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from realtime_fer.detection.faces_in_frame import faces_in_frame


def test_clipped_sorted_and_emptied() -> None:
    boxes = np.array([[-5, -5, 20, 20], [90, 10, 130, 60], [200, 0, 220, 10], [40, 40, 40.5, 60]], np.float32)
    faces = faces_in_frame(boxes, np.array([0.3, 0.7, 0.9, 0.8], np.float32), None, frame_width=100, frame_height=50)
    np.testing.assert_allclose([face.bbox_xyxy for face in faces], [[90, 10, 100, 50], [0, 0, 20, 20]])
    np.testing.assert_allclose([face.confidence for face in faces], [0.7, 0.3], rtol=1e-6)
    assert faces[0].landmarks_xy is None


def test_landmarks_follow_their_box() -> None:
    landmarks = np.arange(20, dtype=np.float32).reshape(2, 5, 2)
    boxes = np.array([[0, 0, 9, 9], [1, 1, 9, 9]], np.float32)
    faces = faces_in_frame(boxes, np.array([0.1, 0.2], np.float32), landmarks, frame_width=10, frame_height=10)
    assert faces[0].landmarks_xy is not None
    np.testing.assert_array_equal(faces[0].landmarks_xy, landmarks[1])
    assert faces[0].landmarks_xy.dtype == np.float32
    assert faces[0].bbox_xyxy.dtype == np.float32


def test_no_more_than_asked_for() -> None:
    boxes = np.tile(np.array([[0, 0, 5, 5]], np.float32), (9, 1))
    confidences = np.linspace(0.1, 0.9, 9, dtype=np.float32)
    faces = faces_in_frame(boxes, confidences, None, frame_width=10, frame_height=10, max_faces=2)
    np.testing.assert_allclose([face.confidence for face in faces], [0.9, 0.8], rtol=1e-6)


def test_no_boxes() -> None:
    assert faces_in_frame(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), None, frame_width=1, frame_height=1) == []


@given(
    boxes=hnp.arrays(np.float32, st.tuples(st.integers(0, 8), st.just(4)), elements=st.floats(-1e4, 1e4, width=32)),
    width=st.integers(1, 500),
    height=st.integers(1, 500),
)
def test_every_box_is_inside_and_not_empty(boxes: np.ndarray, width: int, height: int) -> None:
    confidences = np.linspace(-0.5, 1.5, len(boxes), dtype=np.float32)
    faces = faces_in_frame(boxes, confidences, None, frame_width=width, frame_height=height)
    assert [face.confidence for face in faces] == sorted((face.confidence for face in faces), reverse=True)
    for face in faces:
        x0, y0, x1, y1 = face.bbox_xyxy
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        assert min(x1 - x0, y1 - y0) >= 1
        assert 0 <= face.confidence <= 1
