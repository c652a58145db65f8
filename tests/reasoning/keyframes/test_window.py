from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_fer.reasoning.keyframes.window import PARTS, BestOfWindow


def test_the_best_of_the_window_and_not_of_before() -> None:
    window: BestOfWindow[str] = BestOfWindow(1.0)
    assert window.best(0) is None
    for time_s, merit in ((0.0, 0.9), (0.4, 0.5), (0.8, 0.3)):
        window.offer(time_s, merit, lambda time_s=time_s: f"at {time_s}")  # type: ignore[misc]
    assert window.best(0.8) == "at 0.0"
    assert window.best(1.2) == "at 0.4"
    assert window.best(1.7) == "at 0.8"
    assert window.best(1.9) is None


def test_nothing_is_copied_that_could_not_be_chosen() -> None:
    window: BestOfWindow[int] = BestOfWindow(1.0)
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    window.offer(0.0, 0.9, make)
    window.offer(0.01, 0.5, make)
    window.offer(0.02, 0.9, make)
    assert made == [0]
    window.offer(0.03, 0.95, make)
    assert made == [0, 1]
    assert window.best(0.03) == 1


def test_an_offer_that_comes_to_nothing_leaves_the_others() -> None:
    window: BestOfWindow[int] = BestOfWindow(1.0)
    window.offer(0.0, 0.5, lambda: 1)
    window.offer(0.1, 0.9, lambda: None)
    assert window.best(0.1) == 1


def test_clear() -> None:
    window: BestOfWindow[int] = BestOfWindow(1.0)
    window.offer(0.0, 0.5, lambda: 1)
    window.clear()
    assert window.best(0.0) is None


def test_a_window_of_no_length_holds_the_present_moment() -> None:
    window: BestOfWindow[int] = BestOfWindow(0.0)
    window.offer(1.0, 0.9, lambda: 1)
    assert window.best(1.0) == 1
    window.offer(1.1, 0.1, lambda: 2)
    assert window.best(1.1) == 2


offers = st.lists(st.tuples(st.floats(0.001, 0.4), st.floats(0, 1)), max_size=60)


@settings(deadline=None)
@given(offers)
def test_bounded_and_never_far_from_the_true_best(steps: list[tuple[float, float]]) -> None:
    """What is returned lies in the window, and is at least as good as everything in its last three quarters."""
    window: BestOfWindow[tuple[float, float]] = BestOfWindow(1.0)
    now, seen = 0.0, []
    for gap, merit in steps:
        now += gap
        seen.append((now, merit))
        window.offer(now, merit, lambda now=now, merit=merit: (now, merit))  # type: ignore[misc]
        assert len(window) <= PARTS + 1
        best = window.best(now)
        assert best is not None
        assert best in seen
        assert now - best[0] <= 1.0
        assert best[1] >= max(m for t, m in seen if now - t <= 0.75)
