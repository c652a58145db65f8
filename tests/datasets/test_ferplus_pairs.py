from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.datasets.ferplus import NOT_COUNTED
from realtime_fer.datasets.ferplus_pairs import NO_SECOND, second_distributions, secondary_labels
from realtime_fer.errors import ShapeError

#         ne ha su sa an di fe co  ?  no
VOTES = [[6, 0, 0, 4, 0, 0, 0, 0, 0, 0], [0, 9, 1, 0, 0, 0, 0, 0, 0, 0], [6, 2, 2, 0, 0, 0, 0, 0, 0, 0]]
VOTES += [[0, 0, 0, 5, 0, 0, 0, 0, 5, 0], [2, 0, 6, 0, 0, 0, 0, 0, 2, 0], [3, 0, 5, 0, 0, 0, 2, 0, 0, 0]]
ARRAY = np.array(VOTES, np.uint8)


def test_the_next_most_votes_none_or_nothing_that_counts() -> None:
    # sadness; one tagger alone is none; a tie; no majority; "unknown" is no emotion; half is no majority
    assert secondary_labels(ARRAY).tolist() == [3, NO_SECOND, NOT_COUNTED, NOT_COUNTED, 0, NOT_COUNTED]


@pytest.mark.parametrize(
    ("row", "named", "expected"),
    [
        (0, 0, {3: 1.0}),
        (0, 3, {0: 1.0}),
        (0, 6, {0: 0.6, 3: 0.4}),
        (1, 1, {NO_SECOND: 1.0}),
        (1, 2, {1: 1.0}),
        (2, 0, {1: 0.5, 2: 0.5}),
        (5, 2, {0: 0.6, 6: 0.4}),
    ],
)
def test_what_remains_of_the_votes(row: int, named: int, expected: dict[int, float]) -> None:
    shares = second_distributions(ARRAY[row : row + 1], np.array([named]))[0]
    assert shares.dtype == np.float32
    assert {int(column): pytest.approx(float(shares[column])) for column in np.flatnonzero(shares)} == expected


@pytest.mark.parametrize("named", [[0, 1], [8], [-1]])
def test_an_emotion_for_each_face(named: list[int]) -> None:
    with pytest.raises(ShapeError, match="primary"):
        second_distributions(ARRAY[:1], np.array(named))
