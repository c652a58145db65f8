from __future__ import annotations

import math

import numpy as np
import pytest

from tests.tracking.tracking_scores import TrackingScorer, TrackingScores, intersection_over_union

HERE = np.array([0, 0, 10, 10], np.float32)
THERE = np.array([100, 0, 110, 10], np.float32)
NEAR_HERE = np.array([0, 0, 10, 8], np.float32)

Boxes = dict[int, np.ndarray]


def score(*frames: tuple[Boxes, Boxes]) -> TrackingScores:
    scorer = TrackingScorer()
    for truth, published in frames:
        scorer.add_frame(truth, published)
    return scorer.scores


def test_perfect() -> None:
    frame = ({1: HERE, 2: THERE}, {7: HERE, 8: THERE})
    assert score(frame, frame) == TrackingScores(4, 0, 0, 0, 0, mean_iou=1.0, mota=1.0)


def test_a_miss_and_a_false_alarm() -> None:
    scores = score(({1: HERE}, {7: THERE}))
    assert (scores.misses, scores.false_positives, scores.id_switches, scores.mota) == (1, 1, 0, -1.0)
    assert math.isnan(scores.mean_iou)


def test_another_id_is_a_switch() -> None:
    scores = score(({1: HERE}, {7: HERE}), ({1: HERE}, {8: HERE}), ({1: HERE}, {8: HERE}))
    assert (scores.id_switches, scores.fragmentations) == (1, 0)
    assert scores.mota == pytest.approx(2 / 3)


def test_an_interruption_is_a_fragmentation() -> None:
    scores = score(({1: HERE}, {7: HERE}), ({1: HERE}, {}), ({1: HERE}, {7: HERE}))
    assert (scores.id_switches, scores.fragmentations, scores.misses) == (0, 1, 1)


def test_an_interruption_with_another_id_is_both() -> None:
    scores = score(({1: HERE}, {7: HERE}), ({1: HERE}, {}), ({1: HERE}, {8: HERE}))
    assert (scores.id_switches, scores.fragmentations) == (1, 1)


def test_two_faces_that_swap_their_ids_are_two_switches() -> None:
    scores = score(({1: HERE, 2: THERE}, {7: HERE, 8: THERE}), ({1: HERE, 2: THERE}, {8: HERE, 7: THERE}))
    assert scores.id_switches == 2


def test_an_id_is_kept_while_its_box_is_good_enough() -> None:
    # Track 8 fits better on the second frame, but 7 still fits.
    scores = score(({1: HERE}, {7: HERE}), ({1: HERE}, {7: NEAR_HERE, 8: HERE}))
    assert (scores.id_switches, scores.false_positives) == (0, 1)
    assert scores.mean_iou == pytest.approx((1 + 0.8) / 2)


def test_nothing_at_all() -> None:
    scores = score(({}, {}))
    assert scores.faces == 0
    assert math.isnan(scores.mota)


def test_overlap_by_hand() -> None:
    assert intersection_over_union(HERE, NEAR_HERE) == pytest.approx(0.8)
    assert intersection_over_union(HERE, THERE) == 0.0
    assert intersection_over_union(np.zeros(4), np.zeros(4)) == 0.0
