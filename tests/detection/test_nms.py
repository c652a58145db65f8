from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from realtime_fer.detection.nms import suppress_overlaps


def slow_iou(a: np.ndarray, b: np.ndarray) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return float(width * height / union) if union > 0 else 0.0


def slow_suppression(boxes: np.ndarray, confidences: np.ndarray, threshold: float) -> list[int]:
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda i: -confidences[i]):
        if all(slow_iou(boxes[index], boxes[other]) <= threshold for other in kept):
            kept.append(index)
    return kept


@st.composite
def scenes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float]:
    """Boxes with whole-number corners, different confidences, and a threshold that no pair lies on."""
    corners = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 30), st.integers(1, 30))
    rows = draw(st.lists(corners, min_size=0, max_size=25))
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float32).reshape(-1, 4)
    order = draw(st.permutations(range(len(rows))))
    confidences = np.array([0.1 + 0.8 * rank / max(1, len(rows)) for rank in order], np.float32)
    threshold = draw(st.sampled_from([0.03, 0.1501, 0.3007, 0.4503, 0.6011, 0.9]))
    for i in range(len(boxes)):
        for j in range(i):
            assume(abs(slow_iou(boxes[i], boxes[j]) - threshold) > 1e-4)
    return boxes, confidences, threshold


@given(scenes())
def test_agrees_with_a_slow_reference_and_with_opencv(scene: tuple[np.ndarray, np.ndarray, float]) -> None:
    boxes, confidences, threshold = scene
    kept = suppress_overlaps(boxes, confidences, iou_threshold=threshold).tolist()
    assert kept == slow_suppression(boxes, confidences, threshold)
    xywh = [(float(b[0]), float(b[1]), float(b[2] - b[0]), float(b[3] - b[1])) for b in boxes]
    reference = cv2.dnn.NMSBoxes(xywh, confidences.tolist(), score_threshold=0.0, nms_threshold=threshold)
    assert kept == np.asarray(reference).reshape(-1).tolist()


@given(scenes(), st.integers(0, 5))
def test_a_limit_keeps_the_first(scene: tuple[np.ndarray, np.ndarray, float], limit: int) -> None:
    boxes, confidences, threshold = scene
    everything = suppress_overlaps(boxes, confidences, iou_threshold=threshold)
    limited = suppress_overlaps(boxes, confidences, iou_threshold=threshold, max_kept=limit)
    assert limited.tolist() == everything[:limit].tolist()


def test_of_two_on_one_face_the_surer_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [50, 50, 60, 60]], np.float32)
    assert suppress_overlaps(boxes, np.array([0.5, 0.9, 0.1], np.float32), iou_threshold=0.5).tolist() == [1, 2]


def test_equal_confidences_keep_their_order() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10]], np.float32)
    assert suppress_overlaps(boxes, np.array([0.5, 0.5], np.float32), iou_threshold=0.5).tolist() == [0]


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
def test_boxes_without_area_do_no_harm(threshold: float) -> None:
    boxes = np.array([[5, 5, 5, 5], [5, 5, 5, 5], [9, 9, 3, 3]], np.float32)
    assert len(suppress_overlaps(boxes, np.array([0.5, 0.4, 0.3], np.float32), iou_threshold=threshold)) == 3


def test_nothing_in_nothing_out() -> None:
    assert suppress_overlaps(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), iou_threshold=0.5).tolist() == []
