from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.keyframes.budget import QuestionBudget


def test_a_burst_and_then_the_rate() -> None:
    budget = QuestionBudget(questions_per_s=0.5, burst=2)
    assert [budget.take(10.0) for _ in range(4)] == [True, True, False, False]
    assert not budget.take(11.9)
    assert budget.take(12.0)
    assert not budget.take(12.0)


def test_a_long_quiet_time_saves_no_more_than_the_burst() -> None:
    budget = QuestionBudget(questions_per_s=1, burst=2)
    budget.take(0)
    assert [budget.take(1000.0) for _ in range(4)] == [True, True, False, False]


def test_a_clock_that_goes_back_adds_nothing() -> None:
    budget = QuestionBudget(questions_per_s=1, burst=1)
    assert budget.take(100.0)
    assert not budget.take(0.0)
    assert not budget.take(0.5)
    assert budget.take(1.0)


def test_many_small_steps_add_up() -> None:
    budget = QuestionBudget(questions_per_s=1, burst=1)
    assert budget.take(0.0)
    taken = [n for n in range(1, 301) if budget.take(n / 30)]
    assert taken == list(range(30, 301, 30))


@settings(deadline=None)
@given(st.lists(st.floats(0, 3), max_size=80), st.floats(0.05, 10), st.integers(1, 4))
def test_never_more_than_burst_and_rate_in_any_span(gaps: list[float], rate: float, burst: int) -> None:
    budget = QuestionBudget(questions_per_s=rate, burst=burst)
    now, taken = 0.0, []
    for gap in gaps:
        now += gap
        if budget.take(now):
            taken.append(now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + rate * (taken[last] - taken[first]) + 1e-6


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (float("nan"), 1), (1, 0)])
def test_what_is_no_budget_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(SettingsError, match=r"keyframes: (questions_per_s|burst) must be"):
        QuestionBudget(questions_per_s=rate, burst=burst)
