"""Where questions come in and outcomes go out: the part of the supervisor that every thread may touch."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from realtime_fer.clock import Clock
from realtime_fer.reasoning.outcome import AskedRequest, FailureKind, ReasoningAnswer, ReasoningFailure, ReasoningOutcome
from realtime_fer.reasoning.partial_answer import PartialAnswer
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.reasoning.supervision.health import ReasonerHealth, ReasonerLedger, ReasonerState
from realtime_fer.reasoning.supervision.question_slots import QuestionSlots

log = logging.getLogger(__name__)

UNREAD_OUTCOMES = 256
"""Outcomes kept for `poll`; the oldest give way."""

LISTENING = (ReasonerState.READY, ReasonerState.FAILED)
"""States in which the supervisor's thread sleeps although it would have a use for a question."""

OutcomeCallback = Callable[[ReasoningOutcome], None]
SayingCallback = Callable[[PartialAnswer], None]


class QuestionDesk:
    """Waiting questions, the one in flight, outcomes, state and counts, under one lock.

    The lock is held for a few assignments at a time, never while somebody waits for a process or runs a callback.

    Args:
        capacity: tracks whose questions wait at once, see `QuestionSlots`.
        on_outcome: gets each outcome in the thread that calls `finish`; what it raises is logged. Without it, outcomes
            wait for `poll`.
        on_saying: gets the words of answers that are being made, in the thread that calls `say`; what it raises is logged.
        wake: called, under the lock, when the supervisor's thread has something new to look at; must not wait.
    """

    def __init__(
        self,
        *,
        capacity: int,
        on_outcome: OutcomeCallback | None,
        wake: Callable[[], None],
        clock: Clock,
        on_saying: SayingCallback | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._ledger = ReasonerLedger()
        self._slots = QuestionSlots(capacity)
        self._outcomes: deque[ReasoningOutcome] = deque(maxlen=UNREAD_OUTCOMES)
        self._in_flight: AskedRequest | None = None
        self._in_flight_cancelled = False
        self._cancellation_told = False
        self._parts_said = 0
        self._saying_failures = 0
        self._accepting = False
        self._on_outcome = on_outcome
        self._on_saying = on_saying
        self._wake = wake
        self._clock = clock

    def submit(self, request: ReasoningRequest) -> bool:
        """See `ReasonerSupervisor.submit`."""
        try:
            asked = AskedRequest(request, self._clock.monotonic_ns(), self._clock.unix_ns())
            with self._lock:
                if not self._accepting:
                    return False
                self._ledger.asked += 1
                self._ledger.replaced += self._slots.put(asked) is not None
                # In other states the supervisor's thread looks here by itself before it sleeps.
                if self._ledger.state in LISTENING:
                    self._wake()
        except Exception:  # the promise to the fast path: there is no failure here that would be its business
            log.exception("reasoner: a question could not be submitted")
            return False
        return True

    def cancel(self, track_id: int) -> None:
        """See `ReasonerSupervisor.cancel`."""
        with self._lock:
            if self._slots.cancel(track_id) is not None:
                self._ledger.cancelled += 1
            if self._in_flight is not None and self._in_flight.request.track_id == track_id:
                self._in_flight_cancelled = True
                self._wake()

    def poll(self) -> list[ReasoningOutcome]:
        """The outcomes since the last call, in order."""
        with self._lock:
            outcomes = list(self._outcomes)
            self._outcomes.clear()
        return outcomes

    def health(self) -> ReasonerHealth:
        """State and counts of this moment."""
        with self._lock:
            return self._ledger.snapshot(len(self._slots))

    def open(self) -> None:
        """Take questions from now on."""
        with self._lock:
            self._accepting = True

    def shut(self) -> None:
        """Take no more questions."""
        with self._lock:
            self._accepting = False

    def clear(self) -> None:
        """Cancel what waits and what is in flight."""
        with self._lock:
            self._ledger.cancelled += len(self._slots.clear()) + (self._in_flight is not None)
            self._in_flight = None

    def take(self) -> AskedRequest | None:
        """The next question, which is in flight from now on; None where nobody waits."""
        with self._lock:
            self._in_flight = self._slots.take()
            self._in_flight_cancelled = self._cancellation_told = False
            self._parts_said = 0
            return self._in_flight

    @property
    def in_flight(self) -> ReasoningRequest | None:
        """The question that is asked just now; only the supervisor's thread changes it."""
        return None if self._in_flight is None else self._in_flight.request

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody wants the answer to the question in flight any more."""
        return self._in_flight is not None and self._in_flight_cancelled

    def take_cancellation(self) -> int | None:
        """The request id of the question in flight where it was cancelled and this was not told before; else None."""
        with self._lock:
            if self._in_flight is None or not self._in_flight_cancelled or self._cancellation_told:
                return None
            self._cancellation_told = True
            return self._in_flight.request.request_id

    def is_in_flight(self, request_id: int) -> bool:
        """Whether the question of this id is the one that is asked just now."""
        in_flight = self._in_flight
        return in_flight is not None and in_flight.request.request_id == request_id

    def say(self, step: str, text: str) -> None:
        """Pass on the words so far on the question in flight; nothing happens without one, or where it was cancelled."""
        with self._lock:
            asked = self._in_flight
            if asked is None or self._in_flight_cancelled or self._on_saying is None:
                return
            partial = PartialAnswer.to(asked.request, step=step, text=text, part=self._parts_said)
            self._parts_said += 1
        try:
            self._on_saying(partial)
        except Exception:  # whoever listens must not end the reasoning
            self._saying_failures += 1
            if self._saying_failures & (self._saying_failures - 1) == 0:  # the 1st, 2nd, 4th, 8th, ...: never a flood
                log.exception("reasoner: the callback for words failed (%d so far)", self._saying_failures)

    def withdraw(self) -> None:
        """The reasoner has stopped working at the question in flight, which was cancelled."""
        with self._lock:
            self._ledger.cancelled += self._in_flight is not None
            self._in_flight = None

    def finish(self, end: ReasoningAnswer | ReasoningFailure, *, is_news: bool = True) -> None:
        """Make an outcome of the question in flight; nothing happens without one.

        Args:
            is_news: False where the failure only repeats the last error, which then stays as it is.
        """
        monotonic_ns, unix_ns = self._clock.monotonic_ns(), self._clock.unix_ns()
        with self._lock:
            asked, self._in_flight = self._in_flight, None
            if asked is None:
                return
            if self._in_flight_cancelled:
                self._ledger.cancelled += 1
                return
            outcome = asked.ended(end, monotonic_ns=monotonic_ns, unix_ns=unix_ns)
            if isinstance(end, ReasoningAnswer):
                self._ledger.answered += 1
                self._ledger.latencies_ms.append(outcome.latency_ms)
            else:
                self._ledger.failed += 1
                self._ledger.timed_out += end.kind is FailureKind.TIMED_OUT
                if is_news:
                    self._ledger.last_error = end.message
            if self._on_outcome is None:
                self._outcomes.append(outcome)
        if self._on_outcome is not None:
            try:
                self._on_outcome(outcome)
            except Exception:  # whoever listens must not end the reasoning
                log.exception("reasoner: the callback failed")

    @property
    def state(self) -> ReasonerState:
        """Of the process; only the supervisor's thread changes it."""
        return self._ledger.state

    @property
    def last_error(self) -> str | None:
        """One line; None where nothing went wrong."""
        return self._ledger.last_error

    def now(self, state: ReasonerState, *, error: str | None = None) -> None:
        """The process is in another state, perhaps because of an error."""
        with self._lock:
            self._ledger.state = state
            self._ledger.last_error = error or self._ledger.last_error

    def introduce(self, name: str, version: str) -> None:
        """The process is ready and has said which model it is."""
        with self._lock:
            self._ledger.state, self._ledger.name, self._ledger.version = ReasonerState.READY, name, version

    def process(self, pid: int | None) -> None:
        """There is a process now, or none."""
        with self._lock:
            self._ledger.pid = pid

    def restarted(self) -> None:
        """Count one more process after the first."""
        with self._lock:
            self._ledger.restarts += 1
