"""Percentiles of a stream of durations, in bounded memory."""

from __future__ import annotations

import threading

import numpy as np

DEFAULT_WINDOW = 20_000
"""About eleven minutes at 30 frames a second: whole for the usual file, recent for a service that never ends."""


class DurationWindow:
    """The last `window` durations in milliseconds; may be written and read from different threads."""

    def __init__(self, window: int = DEFAULT_WINDOW) -> None:
        self._values = np.zeros(window, np.float64)
        self._count = 0
        self._lock = threading.Lock()

    def add(self, duration_ms: float) -> None:
        """Take one duration."""
        with self._lock:
            self._values[self._count % len(self._values)] = duration_ms
            self._count += 1

    def percentiles(self) -> dict[str, float] | None:
        """p50, p95 and p99 in milliseconds, rounded to a microsecond; None before the first duration."""
        with self._lock:
            held = self._values[: min(self._count, len(self._values))].copy()
        if held.size == 0:
            return None
        p50, p95, p99 = np.percentile(held, (50, 95, 99))
        return {"p50": round(float(p50), 3), "p95": round(float(p95), 3), "p99": round(float(p99), 3)}

    def mean(self) -> float | None:
        """Mean in milliseconds of what is held; None before the first duration."""
        with self._lock:
            held = self._values[: min(self._count, len(self._values))]
            return float(held.mean()) if held.size else None

    def __len__(self) -> int:
        with self._lock:
            return min(self._count, len(self._values))
