from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.evaluation.detection.matching import NEVER, Matching, overlap_matrix, short_sides
from realtime_fer.evaluation.detection.pictures import LabelledPicture
from tests.evaluation.detector_folders import Box, face

A: Box = (0, 0, 40, 40)
B: Box = (100, 100, 160, 160)
SMALL: Box = (200, 200, 208, 208)


def picture(*faces: Box, ignored: tuple[Box, ...] = ()) -> LabelledPicture:
    return LabelledPicture("p.png", *(np.array(boxes, np.float32).reshape(-1, 4) for boxes in (faces, ignored)))


def test_who_found_what() -> None:
    found = [face((300, 300, 340, 340), 0.3), face(A, 0.6), face(B, 0.9), face((2, 0, 42, 40), 0.5)]
    verdict = Matching(picture(A, B), found).judge(0.5)
    np.testing.assert_array_equal(verdict.detections, [2, 1, 3, 0])
    np.testing.assert_allclose(verdict.confidences, [0.9, 0.6, 0.5, 0.3])
    np.testing.assert_array_equal(verdict.correct, [True, True, False, False])
    np.testing.assert_allclose(verdict.found_at, [0.6, 0.9])


def test_a_face_nobody_found() -> None:
    verdict = Matching(picture(A, B), [face(B, 0.9)]).judge(0.5)
    np.testing.assert_array_equal(verdict.found_at, [NEVER, 0.9])


def test_one_set_of_overlaps_serves_every_threshold() -> None:
    matching = Matching(picture(A), [face((0, 0, 40, 60), 0.9)])
    assert matching.judge(0.65).correct.tolist() == [True]
    assert matching.judge(0.7).correct.tolist() == [False]
    # What was found at one threshold is free again at the next.
    assert matching.judge(0.5).found_at.tolist() == [0.9]


def test_what_counts_neither_way() -> None:
    found = [face(SMALL, 0.9), face(B, 0.8), face((50, 50, 58, 90), 0.7)]
    matching = Matching(picture(A, SMALL, ignored=(B,)), found)
    assert len(matching.wanted_xyxy) == 1
    verdict = matching.judge(0.5)
    assert len(verdict.detections) == 0
    # With a smaller limit the small face is one to find, and the thin box a false alarm.
    verdict = Matching(picture(A, SMALL, ignored=(B,)), found, min_side_px=6).judge(0.5)
    np.testing.assert_array_equal(verdict.detections, [0, 2])
    np.testing.assert_array_equal(verdict.correct, [True, False])


def test_nothing_at_all() -> None:
    for found in ([], [face(A, 0.9)]):
        assert Matching(picture(), found).judge(0.5).correct.tolist() == [False] * len(found)
    assert Matching(picture(A), []).judge(0.5).found_at.tolist() == [NEVER]


def test_overlaps_and_sides() -> None:
    boxes = np.array([A, (0, 0, 20, 40), (10, 10, 10, 10)], np.float32)
    overlaps = overlap_matrix(boxes, np.array([A, B], np.float32))
    np.testing.assert_allclose(overlaps, np.array([[1.0, 0.0], [0.5, 0.0], [0.0, 0.0]]))
    assert short_sides(boxes).tolist() == [40, 20, 0]
    assert short_sides(np.zeros((0, 4), np.float32)).shape == (0,)
    assert overlap_matrix(boxes[:0], boxes).shape == (0, 3)


@pytest.mark.parametrize("seed", range(3))
def test_every_face_is_found_once_and_by_a_box_that_covers_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 100, (40, 2))
    boxes = np.concatenate((corners, corners + rng.uniform(12, 60, (40, 2))), axis=1).astype(np.float32)
    found = [face(tuple(box), float(c)) for box, c in zip(boxes[20:], rng.random(20), strict=True)]
    verdict = Matching(LabelledPicture("p", boxes[:20], boxes[:0]), found).judge(0.3)
    assert verdict.correct.sum() == (verdict.found_at > NEVER).sum()
    assert (np.diff(verdict.confidences) <= 0).all()
    for place in verdict.detections[verdict.correct]:
        assert overlap_matrix(found[place].bbox_xyxy[None], boxes[:20]).max() >= 0.3
