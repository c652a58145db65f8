"""One place to ask for the time, so that tests can advance it."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Time as the service sees it.

    Monotonic times measure latency inside one machine; UNIX times tell other machines when something was.
    The two are never subtracted from each other.
    """

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never goes back (the same clock in every process of one machine)."""
        ...

    def unix_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC; may jump when the machine's time is set."""
        ...

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Wait until `event` is set or `timeout_s` passed; True when it was set."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def unix_ns(self) -> int:
        return time.time_ns()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        return event.wait(max(0.0, timeout_s))
