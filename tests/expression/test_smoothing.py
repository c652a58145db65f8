from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_fer.errors import ShapeError
from realtime_fer.expression.smoothing import ProbabilitySmoother

SECOND_NS = 1_000_000_000


def one_hot(index: int, classes: int = 3) -> np.ndarray:
    return np.asarray(np.eye(classes, dtype=np.float32)[index])


@given(st.lists(st.floats(0.001, 0.4), min_size=1, max_size=30))
def test_a_step_depends_on_elapsed_time_not_on_the_number_of_frames(gaps_s: list[float]) -> None:
    """1 - exp(-t / tau) after t seconds, however t was cut into frames."""
    smoother = ProbabilitySmoother(time_constant_s=0.25)
    now = 0
    smoothed = smoother.update(1, one_hot(0), now)
    for gap in gaps_s:
        now += round(gap * SECOND_NS)
        smoothed = smoother.update(1, one_hot(1), now)
    assert smoothed[1] == pytest.approx(1 - np.exp(-now / SECOND_NS / 0.25), abs=1e-4)
    assert smoothed.sum() == pytest.approx(1, abs=1e-5)
    assert smoothed.min() >= 0


def test_tracks_do_not_mix_and_can_be_forgotten() -> None:
    smoother = ProbabilitySmoother()
    smoother.update(1, one_hot(0), 0)
    np.testing.assert_array_equal(smoother.update(2, one_hot(1), SECOND_NS // 30), one_hot(1))
    assert len(smoother) == 2
    smoother.forget(1)
    smoother.forget(99)
    assert len(smoother) == 1
    np.testing.assert_array_equal(smoother.update(1, one_hot(2), SECOND_NS // 15), one_hot(2))


def test_a_long_gap_starts_afresh() -> None:
    smoother = ProbabilitySmoother(reset_after_s=1.0)
    smoother.update(1, one_hot(0), 0)
    np.testing.assert_array_equal(smoother.update(1, one_hot(1), 2 * SECOND_NS), one_hot(1))


def test_a_jump_back_starts_afresh() -> None:
    smoother = ProbabilitySmoother()
    smoother.update(1, one_hot(0), 5 * SECOND_NS)
    np.testing.assert_array_equal(smoother.update(1, one_hot(1), 0), one_hot(1))


def test_zero_time_constant_is_no_smoothing() -> None:
    smoother = ProbabilitySmoother(time_constant_s=0)
    smoother.update(1, one_hot(0), 0)
    np.testing.assert_array_equal(smoother.update(1, one_hot(1), 1), one_hot(1))


def test_changed_number_of_classes() -> None:
    smoother = ProbabilitySmoother()
    smoother.update(1, one_hot(0), 0)
    with pytest.raises(ShapeError, match=r"expected 3 probabilities, found shape \(4,\)"):
        smoother.update(1, one_hot(0, 4), 1)
