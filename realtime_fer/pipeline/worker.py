"""A supervised thread: it repeats a step, and survives the step's failures a bounded number of times."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from enum import Enum

from realtime_fer.clock import Clock, SystemClock

log = logging.getLogger(__name__)

DEFAULT_MAX_RESTARTS = 5
"""More failures than this inside the window mean that trying again does not help."""

DEFAULT_RESTART_WINDOW_S = 60.0
"""A stage that fails once an hour is restarted for ever."""

FIRST_BACKOFF_S = 0.05
MAX_BACKOFF_S = 1.0
"""The wait before a restart doubles from the first to the last, so that a broken stage does not burn a core."""


class WorkerState(str, Enum):
    """What a worker is doing; the values appear in health messages."""

    IDLE = "idle"
    RUNNING = "running"
    RESTARTING = "restarting"
    FINISHED = "finished"
    FAILED = "failed"


class Worker:
    """Repeats `step` in a daemon thread until it returns False, `stop` is called, or it fails too often.

    Args:
        name: of the stage, as health messages show it.
        step: does one piece of work; True to be called again. It must return now and then (at least every half
            second) so that a stop is seen; a step that hangs anyway is left behind by `join`.
        on_end: called once in the thread when the worker is over, however it ended.
        max_restarts, restart_window_s: how many failures, in how long a time, are survived.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], bool],
        *,
        on_end: Callable[[], None] | None = None,
        max_restarts: int = DEFAULT_MAX_RESTARTS,
        restart_window_s: float = DEFAULT_RESTART_WINDOW_S,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self.state = WorkerState.IDLE
        self.restarts = 0
        self.last_error: BaseException | None = None
        self._step = step
        self._on_end = on_end
        self._max_restarts = max_restarts
        self._window_ns = int(restart_window_s * 1e9)
        self._clock: Clock = clock or SystemClock()
        self._failures_ns: deque[int] = deque()
        self._stopping = threading.Event()
        # A daemon: a step that hangs in native code must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name=f"realtime-fer-{name}", daemon=True)

    def start(self) -> None:
        """Begin; once only."""
        self.state = WorkerState.RUNNING
        self._thread.start()

    def stop(self) -> None:
        """Ask the worker to end after its present step; returns at once."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """True once `stop` was called."""
        return self._stopping.is_set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; False when the thread is still busy after `timeout_s`. From the thread itself, no wait."""
        if self._thread.ident is None:
            return True
        if self._thread is not threading.current_thread():
            self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    if not self._step():
                        break
                    self.state = WorkerState.RUNNING
                except Exception as error:  # the whole point: no failure of a step ends the thread unseen
                    if not self._survives(error):
                        return
            self.state = WorkerState.FINISHED
        finally:
            if self._on_end is not None:
                self._on_end()

    def _survives(self, error: Exception) -> bool:
        self.last_error = error
        now = self._clock.monotonic_ns()
        self._failures_ns.append(now)
        while now - self._failures_ns[0] > self._window_ns:
            self._failures_ns.popleft()
        failures = len(self._failures_ns)
        if failures > self._max_restarts:
            self.state = WorkerState.FAILED
            often = f"failed {failures} times in {self._window_ns / 1e9:.0f} s, " if failures > 1 else ""
            log.error("%s: %sgiven up: %s", self.name, often, describe(error))
            return False
        self.state = WorkerState.RESTARTING
        self.restarts += 1
        log.warning("%s: restart %d after: %s", self.name, self.restarts, describe(error), exc_info=failures == 1)
        self._clock.wait(self._stopping, min(FIRST_BACKOFF_S * 2 ** (failures - 1), MAX_BACKOFF_S))
        return True


def describe(error: BaseException) -> str:
    """An error in one line: its type and the first line of its message."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
