"""Real-time pacing of something that could be read faster."""

from __future__ import annotations

import threading

from realtime_fer.clock import Clock

LATE_TOLERANCE_S = 0.1
"""A frame this far behind its moment is still shown; a camera's own buffering delays frames about as much."""


class Pacer:
    """Says when each media time is due: the first one asked for is due at once, the others at their distance from it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._origin_ns: int | None = None

    def wait(self, media_time_s: float, cancelled: threading.Event) -> bool:
        """Wait until `media_time_s` is due; at once if it is past. False if `cancelled` was set meanwhile."""
        remaining_s = -self.late_s(media_time_s)
        if remaining_s > 0:
            return not self._clock.wait(cancelled, remaining_s)
        return not cancelled.is_set()

    def is_late(self, media_time_s: float) -> bool:
        """True where a live viewer would have missed this moment."""
        return self.late_s(media_time_s) > LATE_TOLERANCE_S

    def late_s(self, media_time_s: float) -> float:
        """Seconds since `media_time_s` was due; negative where it is still to come."""
        now_ns = self._clock.monotonic_ns()
        if self._origin_ns is None:
            self._origin_ns = now_ns - round(media_time_s * 1e9)
        return (now_ns - self._origin_ns) / 1e9 - media_time_s
