from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import ttest_rel

from benchmarks.seed_statistics import paired_difference, rounded, spread


def test_spread_divides_by_one_less() -> None:
    found = spread([1.0, 2.0, 4.0])
    assert found.mean == pytest.approx(7 / 3)
    assert found.deviation == pytest.approx(np.std([1, 2, 4], ddof=1))
    assert found.count == 3
    assert math.isnan(spread([1.0]).deviation)


def test_the_interval_is_that_of_a_paired_t_test() -> None:
    first, second = {0: 0.75, 1: 0.77, 2: 0.74, 7: 0.1}, {0: 0.74, 1: 0.73, 2: 0.735, 8: 0.9}
    found = paired_difference(first, second)
    expected = ttest_rel([first[seed] for seed in range(3)], [second[seed] for seed in range(3)]).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.mean == pytest.approx((0.01 + 0.04 + 0.005) / 3)
    assert found.count == 3


def test_one_pair_has_no_interval_and_none_is_refused() -> None:
    found = paired_difference({3: 0.5}, {3: 0.25, 4: 1.0})
    assert (found.mean, found.count) == (0.25, 1)
    assert math.isnan(found.low)
    assert rounded(found.low) is None
    assert rounded(0.123456) == 0.1235
    with pytest.raises(ValueError, match=r"found \[1\] and \[2\]"):
        paired_difference({1: 0.0}, {2: 0.0})
