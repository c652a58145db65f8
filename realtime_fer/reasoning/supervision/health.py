"""What is known of a reasoner from outside: its state, its counts, its last error."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

LATENCY_WINDOW = 1000
"""Answers the percentiles are taken over."""


class ReasonerState(str, Enum):
    """What the reasoner's process is doing; the values appear in health messages."""

    STARTING = "starting"
    """Being started, or loading its weights."""
    READY = "ready"
    BUSY = "busy"
    """A question is in flight."""
    BACKING_OFF = "backing_off"
    """It failed; the next start is a little later."""
    FAILED = "failed"
    """Given up; every question fails at once."""
    STOPPED = "stopped"
    """Not started yet, or over."""


@dataclass(frozen=True, slots=True)
class ReasonerHealth:
    """State and counts at one moment.

    asked = answered + failed + replaced + cancelled + waiting + (1 while a question is in flight).

    Attributes:
        state: see `ReasonerState`.
        name, version: of the model; empty until it was ready once.
        pid: of the process; None without one.
        last_error: one line; None where nothing went wrong.
        waiting: questions in line.
        asked: questions submitted.
        answered, failed: ended with an answer, or without one; of the failed, `timed_out` took too long.
        replaced: thrown out by a newer question before they were asked.
        cancelled: of tracks that ended, and what was left at the stop.
        restarts: processes started after the first.
        latency_ms: p50, p95 and p99 from submission to answer over the last answers; None before the first.
    """

    state: ReasonerState
    name: str
    version: str
    pid: int | None
    last_error: str | None
    waiting: int
    asked: int
    answered: int
    failed: int
    timed_out: int
    replaced: int
    cancelled: int
    restarts: int
    latency_ms: dict[str, float] | None


@dataclass
class ReasonerLedger:
    """Where the supervisor keeps the same while it runs; its owner sees to it that one thread at a time is here."""

    state: ReasonerState = ReasonerState.STOPPED
    name: str = ""
    version: str = ""
    pid: int | None = None
    last_error: str | None = None
    asked: int = 0
    answered: int = 0
    failed: int = 0
    timed_out: int = 0
    replaced: int = 0
    cancelled: int = 0
    restarts: int = 0
    latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCY_WINDOW))

    def snapshot(self, waiting: int) -> ReasonerHealth:
        """All of it, of this moment."""
        return ReasonerHealth(
            state=self.state,
            name=self.name,
            version=self.version,
            pid=self.pid,
            last_error=self.last_error,
            waiting=waiting,
            asked=self.asked,
            answered=self.answered,
            failed=self.failed,
            timed_out=self.timed_out,
            replaced=self.replaced,
            cancelled=self.cancelled,
            restarts=self.restarts,
            latency_ms=self._percentiles(),
        )

    def _percentiles(self) -> dict[str, float] | None:
        if not self.latencies_ms:
            return None
        p50, p95, p99 = np.percentile(np.array(self.latencies_ms), (50, 95, 99))
        return {"p50": round(float(p50), 3), "p95": round(float(p95), 3), "p99": round(float(p99), 3)}
