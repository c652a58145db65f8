from __future__ import annotations

import threading

import pytest

from realtime_fer.sources.pacing import LATE_TOLERANCE_S, Pacer

from .fakes import SteppingClock


def test_the_first_time_is_due_at_once_and_the_others_at_their_distance() -> None:
    clock = SteppingClock()
    pacer, never = Pacer(clock), threading.Event()
    assert pacer.wait(3.0, never)
    assert clock.waits_s == []
    assert pacer.wait(3.25, never)
    assert pacer.wait(3.3, never)
    assert clock.waits_s == pytest.approx([0.25, 0.05])


def test_work_between_two_frames_shortens_the_wait() -> None:
    clock = SteppingClock()
    pacer, never = Pacer(clock), threading.Event()
    pacer.wait(0.0, never)
    clock.advance(0.03)
    pacer.wait(0.04, never)
    assert clock.waits_s == pytest.approx([0.01])
    clock.advance(1.0)
    assert pacer.wait(0.08, never)
    assert len(clock.waits_s) == 1


def test_late_is_what_is_behind_by_more_than_the_tolerance() -> None:
    clock = SteppingClock()
    pacer = Pacer(clock)
    assert not pacer.is_late(0.0)
    clock.advance(1.0)
    assert pacer.late_s(0.4) == pytest.approx(0.6)
    assert pacer.is_late(1.0 - LATE_TOLERANCE_S - 0.01)
    assert not pacer.is_late(1.0 - LATE_TOLERANCE_S + 0.01)


def test_a_set_event_cancels_with_and_without_waiting() -> None:
    clock = SteppingClock()
    pacer, cancelled = Pacer(clock), threading.Event()
    pacer.wait(0.0, cancelled)
    cancelled.set()
    assert not pacer.wait(5.0, cancelled)
    assert not pacer.wait(-5.0, cancelled)
    assert clock.waits_s == []
