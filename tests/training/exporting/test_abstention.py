from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from realtime_fer.errors import ShapeError
from realtime_fer.training.exporting.abstention import error_bound, fit_abstention


def draw(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Faces of two classes whose top probability is the chance of being right, from a half to one."""
    rng = np.random.default_rng(seed)
    top = rng.uniform(0.5, 1.0, count)
    right = rng.random(count) < top
    return np.stack([top, 1 - top], axis=1), np.where(right, 0, 1)


def test_fresh_faces_keep_the_stated_error() -> None:
    broken = 0
    for seed in range(40):
        found = fit_abstention(*draw(1500, seed), max_error=0.15, certainty=0.9)
        assert found is not None
        # Of top probabilities uniform on (limit, 1), a share of (1 - limit) / 2 is truly wrong.
        broken += (1 - found.unknown_below) / 2 > 0.15
    assert broken <= 8
    assert found is not None
    # And it is no idle promise: it answers most of what it may (limit 0.70, so 60 %).
    assert 0.45 < found.answered_share < 0.66
    assert (found.max_error, found.certainty, found.faces) == (0.15, 0.9, 1500)


def test_a_stricter_promise_answers_less() -> None:
    shares = []
    for max_error in (0.05, 0.1, 0.2, 0.4):
        found = fit_abstention(*draw(4000, 1), max_error=max_error)
        assert found is not None
        shares.append(found.answered_share)
    assert shares == sorted(shares)
    assert shares[0] < 0.5 < shares[-1] == 1.0


def test_no_limit_where_nothing_helps() -> None:
    probabilities = np.tile([0.9, 0.1], (200, 1))
    assert fit_abstention(probabilities, np.ones(200, int)) is None


def test_the_bound_is_the_binomial_tail() -> None:
    bound = error_bound(3, 50, 0.05)
    assert binom.cdf(3, 50, bound) == pytest.approx(0.05)
    assert error_bound(5, 5, 0.05) == 1.0


def test_shapes_are_checked() -> None:
    with pytest.raises(ShapeError, match="abstention"):
        fit_abstention(np.zeros((3, 2)), np.zeros(4, int))
