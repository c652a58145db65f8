"""The life of a reasoner's process: started, watched by the clock, lost, and started anew or given up."""

from __future__ import annotations

import contextlib
import logging
import selectors
from collections.abc import Callable

from realtime_fer.clock import Clock
from realtime_fer.reasoning.outcome import FailureKind, ReasoningFailure
from realtime_fer.reasoning.supervision.child_process import ChildProcess
from realtime_fer.reasoning.supervision.health import ReasonerState
from realtime_fer.reasoning.supervision.question_desk import QuestionDesk
from realtime_fer.reasoning.supervision.restart_policy import RestartPolicy

log = logging.getLogger(__name__)


class ChildLife:
    """One process after the other; all of it in the supervisor's thread, which alone may touch it.

    Args:
        start: starts a process; raises OSError where the system starts none.
        desk: told of every change of state, and of the question that is lost with a process.
        selector: wakes up at what the process does.
        restarts: how often, and after which pauses, another one is started.
        start_timeout_s, answer_timeout_s: the process is killed where it takes longer.

    Attributes:
        child: the process; None while there is none.
    """

    def __init__(
        self,
        start: Callable[[], ChildProcess],
        desk: QuestionDesk,
        selector: selectors.BaseSelector,
        clock: Clock,
        *,
        restarts: RestartPolicy,
        start_timeout_s: float,
        answer_timeout_s: float,
    ) -> None:
        self.child: ChildProcess | None = None
        self._start = start
        self._desk = desk
        self._selector = selector
        self._clock = clock
        self._restarts = restarts
        self._start_timeout_s = start_timeout_s
        self._answer_timeout_s = answer_timeout_s
        self._deadline_ns: int | None = None
        self._ready_since_ns: int | None = None
        self._failures = 0
        self._launches = 0

    def launch(self) -> None:
        """Start a process."""
        self._ready_since_ns = None
        self._set_deadline(self._start_timeout_s)
        self._desk.now(ReasonerState.STARTING)
        if self._launches:
            self._desk.restarted()
        self._launches += 1
        try:
            child = self.child = self._start()
        except OSError as error:
            self._back_off(f"the system starts no process ({error})")
            return
        self._desk.process(child.pid)
        self._selector.register(child.connection, selectors.EVENT_READ)
        self._selector.register(child.stderr, selectors.EVENT_READ)

    def is_ready(self, name: str, version: str) -> None:
        """It has built its reasoner."""
        self._ready_since_ns = self._clock.monotonic_ns()
        self._deadline_ns = None
        self._desk.introduce(name, version)

    def is_busy(self) -> None:
        """It has a question to answer."""
        self._desk.now(ReasonerState.BUSY)
        self._set_deadline(self._answer_timeout_s)

    def is_well(self) -> None:
        """It is free again: the failures before count no more."""
        self._failures = 0
        self._deadline_ns = None
        self._desk.now(ReasonerState.READY)

    def lose(self, kind: FailureKind, message: str = "", *, permanent: bool = False, grace_s: float = 0.0) -> None:
        """End the process, fail the question in flight, and see when to start anew.

        Args:
            message: why; empty for how the process ended.
            permanent: starting anew cannot help.
            grace_s: how long it may take to end by itself.
        """
        how = self.end(grace_s)
        message = message or f"the reasoner's process {how}"
        self._back_off(message, permanent=permanent)
        self._desk.finish(ReasoningFailure(kind, message))

    def end(self, grace_s: float) -> str:
        """End the process where there is one; how it ended."""
        child, self.child = self.child, None
        if child is None:
            return "is gone"
        for stream in (child.connection, child.stderr):
            with contextlib.suppress(KeyError):  # stderr may have ended before
                self._selector.unregister(stream)
        how = child.end(grace_s)
        self._desk.process(None)
        return how

    def until_deadline_s(self) -> float | None:
        """How long until `look_at_the_time` has something to do; None: nothing is due."""
        if self._deadline_ns is None:
            return None
        return max(0.0, (self._deadline_ns - self._clock.monotonic_ns()) / 1e9)

    def look_at_the_time(self) -> None:
        """Kill what takes too long; start anew where the pause is over."""
        if self._deadline_ns is None or self._clock.monotonic_ns() < self._deadline_ns:
            return
        match self._desk.state:
            case ReasonerState.STARTING:
                self.lose(FailureKind.TIMED_OUT, f"not ready within {self._start_timeout_s:g} s, killed")
            case ReasonerState.BUSY:
                self.lose(FailureKind.TIMED_OUT, f"no answer within {self._answer_timeout_s:g} s, killed")
            case ReasonerState.BACKING_OFF:
                self.launch()

    def _back_off(self, message: str, *, permanent: bool = False) -> None:
        now_ns, policy = self._clock.monotonic_ns(), self._restarts
        if self._ready_since_ns is not None and now_ns - self._ready_since_ns >= policy.stable_s * 1e9:
            self._failures = 0
        self._failures += 1
        if permanent or policy.gives_up(self._failures):
            log.error("reasoner: %s; given up", message)
            self._deadline_ns = None
            self._desk.now(ReasonerState.FAILED, error=message)
        else:
            delay_s = policy.delay_s(self._failures)
            log.warning("reasoner: %s; starting anew in %g s", message, delay_s)
            self._set_deadline(delay_s)
            self._desk.now(ReasonerState.BACKING_OFF, error=message)

    def _set_deadline(self, seconds: float) -> None:
        self._deadline_ns = self._clock.monotonic_ns() + int(seconds * 1e9)
