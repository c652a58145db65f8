from __future__ import annotations

import math

import pytest

from realtime_fer.sources.media_time import FALLBACK_FPS, MediaTime


def times(stamps: list[float], fps: float | None = 10.0) -> list[float]:
    media = MediaTime(fps)
    return [media.advance(stamp) for stamp in stamps]


def test_good_stamps_are_kept_and_counted_from_the_first() -> None:
    assert times([7.0, 7.04, 7.5]) == pytest.approx([0, 0.04, 0.5])


@pytest.mark.parametrize("broken", [0.0, math.nan, math.inf, -3.0])
def test_stamps_that_never_change_give_the_nominal_rate(broken: float) -> None:
    assert times([broken] * 4) == pytest.approx([0, 0.1, 0.2, 0.3])


def test_a_jump_ahead_counts_as_one_interval_and_good_steps_follow() -> None:
    assert times([0.0, 0.05, 5000.0, 5000.05]) == pytest.approx([0, 0.05, 0.15, 0.2])


def test_a_jump_back_counts_as_one_interval_and_good_steps_follow() -> None:
    assert times([8.0, 8.05, 0.0, 0.05]) == pytest.approx([0, 0.05, 0.15, 0.2])


def test_one_missing_stamp_is_bridged() -> None:
    assert times([0.0, 0.1, math.nan, 0.3]) == pytest.approx([0, 0.1, 0.2, 0.3])


def test_without_a_rate_the_fallback_is_used() -> None:
    assert times([0.0, 0.0], None) == pytest.approx([0, 1 / FALLBACK_FPS])


def test_the_end_is_one_interval_after_the_last_frame() -> None:
    media = MediaTime(10.0)
    assert media.end_s == 0
    media.advance(0.0)
    media.advance(0.3)
    assert media.end_s == pytest.approx(0.4)
    assert media.frames == 2
