"""A reasoner in a process of its own, which may be slow, crash, hang or run out of memory without anybody waiting for it.

The fast path submits questions to the desk, where the newest of each track waits. The supervisor's thread hands them to the
child one by one, over a socket pair, and gives the outcomes to a callback or to whoever polls.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import threading
from collections.abc import Mapping
from typing import Any

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import MessageError, SettingsError
from realtime_fer.reasoning.grounding import grounded
from realtime_fer.reasoning.outcome import FailureKind, ReasoningAnswer, ReasoningFailure, ReasoningOutcome
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.reasoning.supervision.child_factory import require_factory_name
from realtime_fer.reasoning.supervision.child_frames import encode_frame
from realtime_fer.reasoning.supervision.child_limits import ChildLimits
from realtime_fer.reasoning.supervision.child_process import EXIT_WAIT_S, ChildGoneError, ChildProcess
from realtime_fer.reasoning.supervision.child_replies import (
    Answered,
    Cancelled,
    CannotStart,
    Raised,
    Ready,
    Reply,
    Saying,
    newest_words,
    read_answer,
)
from realtime_fer.reasoning.supervision.child_requests import encode_cancel, encode_request
from realtime_fer.reasoning.supervision.health import ReasonerHealth, ReasonerState
from realtime_fer.reasoning.supervision.question_desk import OutcomeCallback, QuestionDesk, SayingCallback
from realtime_fer.reasoning.supervision.question_slots import DEFAULT_CAPACITY
from realtime_fer.reasoning.supervision.restart_policy import RestartPolicy
from realtime_fer.reasoning.supervision.wake_up import WakeUp

log = logging.getLogger(__name__)

DEFAULT_START_TIMEOUT_S = 120.0
"""Loading some gigabytes of weights from a slow disk."""

DEFAULT_ANSWER_TIMEOUT_S = 60.0
"""A large model on a processor takes up to 40 s for a chain."""

STOP_GRACE_S = 0.1
"""A process that sees the end of its connection ends itself at once; one that does not is killed."""

STOP_DEADLINE_S = 1.0
"""`stop` takes no longer than this, unless asked to."""


class ReasonerSupervisor:
    """Asks one question at a time, restarts what fails, and tells how it is doing.

    `submit`, `cancel`, `poll` and `health` may be called from any thread; none of them waits for the reasoner. Every
    question submitted ends as one outcome, except those that were replaced or cancelled, which are only counted.

    Args:
        factory: "package.module:function" that builds the reasoner, imported in the child only.
        options: its keyword arguments, as JSON can say them.
        limits: what the child may use.
        restarts: how often, and after which pauses, it is started again.
        start_timeout_s: the child is killed and restarted where it is not ready within this time.
        answer_timeout_s: the same for each answer.
        on_outcome: called in the supervisor's thread with each outcome; what it raises is logged. Without it, outcomes
            wait for `poll`.
        on_saying: called in the same thread with the words of answers that are being made; what it raises is logged.
        capacity: tracks whose questions wait at once, see `QuestionSlots`.

    Raises:
        SettingsError: the factory's name has another form, the options cannot be said in JSON, or a time is not above 0.
    """

    def __init__(
        self,
        factory: str,
        options: Mapping[str, Any] | None = None,
        *,
        limits: ChildLimits | None = None,
        restarts: RestartPolicy | None = None,
        start_timeout_s: float = DEFAULT_START_TIMEOUT_S,
        answer_timeout_s: float = DEFAULT_ANSWER_TIMEOUT_S,
        on_outcome: OutcomeCallback | None = None,
        on_saying: SayingCallback | None = None,
        capacity: int = DEFAULT_CAPACITY,
        clock: Clock | None = None,
    ) -> None:
        require_factory_name(factory)
        for key, value in (("start_timeout_s", start_timeout_s), ("answer_timeout_s", answer_timeout_s)):
            if not value > 0:
                raise SettingsError(f"reasoner: {key} must be above 0, found {value}")
        self._factory = factory
        self._options = dict(options or {})
        try:
            encode_frame(self._options)
        except MessageError as error:
            raise SettingsError(f"reasoner {factory}: the options cannot be sent to a process: {error}") from error
        self._limits = limits or ChildLimits()
        self._restarts = restarts or RestartPolicy()
        self._start_timeout_s = start_timeout_s
        self._answer_timeout_s = answer_timeout_s
        self._clock: Clock = clock or SystemClock()
        self._wake_up = WakeUp()
        self._desk = QuestionDesk(
            capacity=capacity,
            on_outcome=on_outcome,
            on_saying=on_saying,
            wake=self._wake_up.ring,
            clock=self._clock,
        )
        self._stopping = threading.Event()
        self._child: ChildProcess | None = None
        self._deadline_ns: int | None = None
        self._ready_since_ns: int | None = None
        self._failures = 0
        self._launches = 0
        self._selector: selectors.BaseSelector = selectors.DefaultSelector()
        # A daemon: whoever forgets to stop it must still be able to leave. The child ends with this process.
        self._thread = threading.Thread(target=self._run, name="realtime-fer-reasoner", daemon=True)

    def start(self) -> None:
        """Start the process and take questions; returns at once, once only."""
        self._selector.register(self._wake_up.open(), selectors.EVENT_READ)
        self._desk.now(ReasonerState.STARTING)
        self._desk.open()
        self._thread.start()

    def submit(self, request: ReasoningRequest) -> bool:
        """Ask a question, in place of an older one of the same track that still waits. Never waits, never raises.

        Returns:
            False where it is not taken, because the supervisor is not running.
        """
        return self._desk.submit(request)

    def cancel(self, track_id: int) -> None:
        """Forget the questions about a track: one that waits is not asked, one in flight has no outcome any more.

        The reasoner is told; one that speaks may stop at once, any other goes on to its answer, which nobody gets.
        """
        self._desk.cancel(track_id)

    def poll(self) -> list[ReasoningOutcome]:
        """The outcomes since the last call, in order; always empty where `on_outcome` takes them."""
        return self._desk.poll()

    def health(self) -> ReasonerHealth:
        """State and counts of this moment."""
        return self._desk.health()

    def stop(self, timeout_s: float = STOP_DEADLINE_S) -> bool:
        """End the process and the thread; more calls do nothing.

        Returns:
            False where the thread is still busy after `timeout_s` (in the callback, or with a process that does not
            die); the process has then been sent a kill all the same.
        """
        self._desk.shut()
        self._stopping.set()
        self._wake_up.ring()
        child = self._child
        if self._thread.ident is None or self._thread is threading.current_thread():
            return True
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            return True
        if child is not None:
            child.kill()
        return False

    def _run(self) -> None:
        end, error_line = ReasonerState.STOPPED, None
        try:
            self._launch()
            while not self._stopping.is_set():
                self._hand_out()
                self._wait_for_news()
                self._look_at_the_time()
        except Exception as error:  # a fault of ours must end the reasoning, not the service
            log.exception("reasoner: the supervisor failed")
            end, error_line = ReasonerState.FAILED, f"supervisor: {type(error).__name__}: {error}"
        finally:
            self._desk.shut()
            self._end_child(STOP_GRACE_S)
            self._desk.clear()
            self._selector.close()
            self._wake_up.close()
            self._desk.now(end, error=error_line)

    def _hand_out(self) -> None:
        """Give a free reasoner its next question, or tell a busy one that its own is cancelled.

        Questions that wait for one that was given up end as failures.
        """
        if self._desk.state is ReasonerState.FAILED:
            while self._desk.take() is not None:
                message = f"the reasoner was given up: {self._desk.last_error}"
                self._desk.finish(ReasoningFailure(FailureKind.UNAVAILABLE, message), is_news=False)
        child = self._child
        if child is not None and (request_id := self._desk.take_cancellation()) is not None:
            child.send(encode_cancel(request_id))
        while child is not None and self._desk.state is ReasonerState.READY:
            asked = self._desk.take()
            if asked is None:
                return
            try:
                child.send(encode_request(asked.request))
            except MessageError as error:
                self._desk.finish(ReasoningFailure(FailureKind.UNSENDABLE, str(error)))
            else:
                self._desk.now(ReasonerState.BUSY)
                self._set_deadline(self._answer_timeout_s)

    def _wait_for_news(self) -> None:
        """Sleep until a question comes, the child does something, or a deadline is there; act on what the child did."""
        child = self._child
        if child is not None:
            write = selectors.EVENT_WRITE if child.wants_to_write else 0
            self._selector.modify(child.connection, selectors.EVENT_READ | write)
        for key, mask in self._selector.select(self._until_deadline_s()):
            if key.fd == self._wake_up.descriptor:
                self._wake_up.calm()
            elif child is None or child is not self._child:
                continue  # it was lost a moment ago, and this news is about it
            elif key.fileobj is child.connection:
                self._talk(child, mask)
            elif not child.read_last_words():
                self._selector.unregister(child.stderr)

    def _talk(self, child: ChildProcess, mask: int) -> None:
        try:
            # Reading first: a process that ends says why before it stops listening.
            if mask & selectors.EVENT_READ:
                # Where we were kept busy meanwhile, the newest words are enough.
                for reply in newest_words(child.read_some()):
                    self._hear(reply)
                    if child is not self._child:
                        return
            if mask & selectors.EVENT_WRITE:
                child.write_some()
        except ChildGoneError:
            self._lose_child(FailureKind.DIED, grace_s=EXIT_WAIT_S)
        except MessageError as error:
            self._lose_child(FailureKind.GARBAGE, str(error))

    def _hear(self, reply: Reply) -> None:
        """Act on a reply.

        Raises:
            MessageError: it does not belong here.
        """
        desk = self._desk
        starting = desk.state is ReasonerState.STARTING
        match reply:
            case Ready(name, version) if starting:
                self._ready_since_ns = self._clock.monotonic_ns()
                self._deadline_ns = None
                desk.introduce(name, version)
            case CannotStart(error, permanent) if starting:
                self._lose_child(FailureKind.DIED, f"cannot start: {error}", permanent=permanent, grace_s=EXIT_WAIT_S)
            case Answered(request_id, values) if desk.is_in_flight(request_id):
                try:
                    self._free_child(self._grounded(read_answer(values)))
                except MessageError as error:
                    # Its frames are in order: only this answer is spoilt.
                    self._free_child(ReasoningFailure(FailureKind.GARBAGE, str(error)))
            case Raised(request_id, error, fatal) if desk.is_in_flight(request_id):
                if fatal:
                    self._lose_child(FailureKind.RAISED, error, grace_s=EXIT_WAIT_S)
                else:
                    self._free_child(ReasoningFailure(FailureKind.RAISED, error))
            case Saying(request_id, step, text) if desk.is_in_flight(request_id):
                desk.say(step, text)
            case Cancelled(request_id) if desk.is_in_flight(request_id) and desk.is_cancelled:
                self._child_is_well()
                desk.withdraw()
            case _:
                raise MessageError(f"reply of the reasoner's process: {type(reply).__name__} was not expected now")

    def _free_child(self, end: ReasoningAnswer | ReasoningFailure) -> None:
        """The question in flight has ended, and the process is well."""
        self._child_is_well()
        self._desk.finish(end)

    def _child_is_well(self) -> None:
        self._failures = 0
        self._deadline_ns = None
        self._desk.now(ReasonerState.READY)

    def _grounded(self, answer: ReasoningAnswer) -> ReasoningAnswer:
        request = self._desk.in_flight
        return answer if request is None else grounded(answer, request)

    def _look_at_the_time(self) -> None:
        if self._deadline_ns is None or self._clock.monotonic_ns() < self._deadline_ns:
            return
        match self._desk.state:
            case ReasonerState.STARTING:
                self._lose_child(FailureKind.TIMED_OUT, f"not ready within {self._start_timeout_s:g} s, killed")
            case ReasonerState.BUSY:
                self._lose_child(FailureKind.TIMED_OUT, f"no answer within {self._answer_timeout_s:g} s, killed")
            case ReasonerState.BACKING_OFF:
                self._launch()

    def _launch(self) -> None:
        self._ready_since_ns = None
        self._set_deadline(self._start_timeout_s)
        self._desk.now(ReasonerState.STARTING)
        if self._launches:
            self._desk.restarted()
        self._launches += 1
        try:
            child = self._child = ChildProcess(self._factory, self._options, self._limits)
        except OSError as error:
            self._back_off(f"the system starts no process ({error})")
            return
        self._desk.process(child.pid)
        self._selector.register(child.connection, selectors.EVENT_READ)
        self._selector.register(child.stderr, selectors.EVENT_READ)

    def _lose_child(self, kind: FailureKind, message: str = "", *, permanent: bool = False, grace_s: float = 0.0) -> None:
        """End the process, fail the question in flight, and see when to start anew."""
        how = self._end_child(grace_s)
        message = message or f"the reasoner's process {how}"
        self._back_off(message, permanent=permanent)
        self._desk.finish(ReasoningFailure(kind, message))

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

    def _end_child(self, grace_s: float) -> str:
        child, self._child = self._child, None
        if child is None:
            return "is gone"
        for stream in (child.connection, child.stderr):
            with contextlib.suppress(KeyError):  # stderr may have ended before
                self._selector.unregister(stream)
        how = child.end(grace_s)
        self._desk.process(None)
        return how

    def _set_deadline(self, seconds: float) -> None:
        self._deadline_ns = self._clock.monotonic_ns() + int(seconds * 1e9)

    def _until_deadline_s(self) -> float | None:
        if self._deadline_ns is None:
            return None
        return max(0.0, (self._deadline_ns - self._clock.monotonic_ns()) / 1e9)
