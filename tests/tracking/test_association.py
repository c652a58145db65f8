from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_fer.tracking.association import MAX_SIZE_RATIO, NO_MATCH_COST, assign, pair_costs


def cost(face: tuple[float, ...], detection: tuple[float, ...], *, reach: float = 0.5, min_iou: float = 0.2) -> float:
    costs = pair_costs(np.array([face], float), np.array([detection], float), np.array([reach]), min_iou)
    assert costs.shape == (1, 1)
    return float(costs[0, 0])


FACE = (100.0, 100.0, 140.0, 140.0)


def test_the_same_box_costs_nothing() -> None:
    assert cost(FACE, FACE) == pytest.approx(0.0)


def test_cost_by_hand() -> None:
    # Moved by half its side: overlap 1/3, distance 0.5 of 2 sizes, the same size.
    assert cost(FACE, (120, 100, 160, 140)) == pytest.approx(0.5 * 2 / 3 + 0.35 * 0.25)
    # The same centre, 1.5 times the side: overlap 1 / 2.25, log ratio log(1.5) of log(2).
    expected = 0.5 * (1 - 1 / 2.25) + 0.15 * np.log(1.5) / np.log(2)
    assert cost(FACE, (90, 90, 150, 150)) == pytest.approx(expected)


def test_farther_costs_more() -> None:
    costs = [cost(FACE, (100 + d, 100, 140 + d, 140), reach=10) for d in (0, 10, 30, 50, 70)]
    assert costs == sorted(costs)
    assert costs[-1] < NO_MATCH_COST


def test_reach_and_overlap_decide_what_is_possible() -> None:
    moved = (160.0, 100.0, 200.0, 140.0)  # one and a half sides away
    assert cost(FACE, moved, reach=1.0) == NO_MATCH_COST
    assert cost(FACE, moved, reach=1.6) < NO_MATCH_COST
    overlapping = (124.0, 100.0, 164.0, 140.0)  # overlap 0.25
    assert cost(FACE, overlapping, reach=0.0, min_iou=0.2) < NO_MATCH_COST
    assert cost(FACE, overlapping, reach=0.0, min_iou=0.3) == NO_MATCH_COST


def test_another_size_is_another_face() -> None:
    side = 40 * MAX_SIZE_RATIO
    assert cost(FACE, (120 - 0.51 * side, 120 - 0.51 * side, 120 + 0.51 * side, 120 + 0.51 * side)) == NO_MATCH_COST
    assert cost(FACE, (120 - 0.49 * side, 120 - 0.49 * side, 120 + 0.49 * side, 120 + 0.49 * side)) < NO_MATCH_COST


def test_every_pair_of_many() -> None:
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 100, (7, 2))
    boxes = np.hstack([low, low + rng.uniform(20, 30, (7, 2))])
    costs = pair_costs(boxes[:4], boxes[4:], np.full(4, 1.0), 0.2)
    for i, j in itertools.product(range(4), range(3)):
        assert costs[i, j] == pytest.approx(cost(tuple(boxes[i]), tuple(boxes[4 + j]), reach=1.0))


def test_the_smallest_sum_wins_over_the_nearest_pair() -> None:
    # Greedy would take (0, 0) at 0.10 and leave 0.80; together the others cost less.
    assert assign(np.array([[0.10, 0.20], [0.15, 0.80]])) == [(0, 1), (1, 0)]


def test_impossible_pairs_are_left_out() -> None:
    none = NO_MATCH_COST
    assert assign(np.array([[none, none], [0.3, none]])) == [(1, 0)]
    assert assign(np.array([[none]])) == []
    assert assign(np.array([[0.2]])) == [(0, 0)]


def test_nobody_is_given_a_bad_partner_so_that_all_have_one() -> None:
    # Face 0 fits detection 0; face 1 fits only detection 0, less well. Face 0 must not be pushed to detection 1.
    assert assign(np.array([[0.1, 0.85], [0.4, NO_MATCH_COST]])) == [(0, 0)]


@given(st.integers(1, 4), st.integers(1, 4), st.randoms(use_true_random=False))
def test_agrees_with_trying_everything(faces: int, detections: int, random: object) -> None:
    rng = np.random.default_rng(random.randrange(10**6))  # type: ignore[attr-defined]
    costs = np.minimum(rng.uniform(0, 1.3, (faces, detections)), NO_MATCH_COST)
    pairs = assign(costs)
    found = sum(costs[pair] for pair in pairs) + NO_MATCH_COST * (min(faces, detections) - len(pairs))
    short, long = sorted((faces, detections))
    best = min(
        sum(costs[(i, j) if faces <= detections else (j, i)] for i, j in enumerate(order))
        for order in itertools.permutations(range(long), short)
    )
    assert found == pytest.approx(best)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
