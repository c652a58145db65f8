from __future__ import annotations

import threading
import time

from realtime_fer.clock import SystemClock


def test_monotonic_is_the_clock_every_process_of_the_machine_shares() -> None:
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    assert before <= SystemClock().monotonic_ns() <= time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def test_unix_is_the_wall_clock() -> None:
    before = time.time_ns()
    assert before <= SystemClock().unix_ns() <= time.time_ns()


def test_wait_is_woken_by_the_event_and_takes_no_negative_time() -> None:
    event = threading.Event()
    assert not SystemClock().wait(event, -1)
    event.set()
    assert SystemClock().wait(event, 60)
