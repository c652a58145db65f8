"""A reasoner in a process of its own, which may be slow, crash, hang or run out of memory without anybody waiting for it.

The fast path submits questions to the desk, where the newest of each track waits. The supervisor's thread hands them to the
child one by one, over a socket pair (`child_talk`), starts it anew where it fails (`child_life`), and gives the outcomes to a
callback or to whoever polls.
"""

from __future__ import annotations

import logging
import selectors
import threading
from collections.abc import Mapping
from typing import Any

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import MessageError, SettingsError
from realtime_fer.reasoning.outcome import ReasoningOutcome
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.reasoning.supervision.child_factory import require_factory_name
from realtime_fer.reasoning.supervision.child_frames import encode_frame
from realtime_fer.reasoning.supervision.child_life import ChildLife
from realtime_fer.reasoning.supervision.child_limits import ChildLimits
from realtime_fer.reasoning.supervision.child_process import ChildProcess
from realtime_fer.reasoning.supervision.child_talk import ChildTalk
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
        kept = dict(options or {})
        try:
            encode_frame(kept)
        except MessageError as error:
            raise SettingsError(f"reasoner {factory}: the options cannot be sent to a process: {error}") from error
        child_limits = limits or ChildLimits()
        used_clock: Clock = clock or SystemClock()
        self._wake_up = WakeUp()
        self._desk = QuestionDesk(
            capacity=capacity,
            on_outcome=on_outcome,
            on_saying=on_saying,
            wake=self._wake_up.ring,
            clock=used_clock,
        )
        self._stopping = threading.Event()
        self._selector: selectors.BaseSelector = selectors.DefaultSelector()
        self._life = ChildLife(
            lambda: ChildProcess(factory, kept, child_limits),
            self._desk,
            self._selector,
            used_clock,
            restarts=restarts or RestartPolicy(),
            start_timeout_s=start_timeout_s,
            answer_timeout_s=answer_timeout_s,
        )
        self._talk = ChildTalk(self._desk, self._life)
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
        child = self._life.child
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
            self._life.launch()
            while not self._stopping.is_set():
                self._talk.hand_out()
                self._wait_for_news()
                self._life.look_at_the_time()
        except Exception as error:  # a fault of ours must end the reasoning, not the service
            log.exception("reasoner: the supervisor failed")
            end, error_line = ReasonerState.FAILED, f"supervisor: {type(error).__name__}: {error}"
        finally:
            self._desk.shut()
            self._life.end(STOP_GRACE_S)
            self._desk.clear()
            self._selector.close()
            self._wake_up.close()
            self._desk.now(end, error=error_line)

    def _wait_for_news(self) -> None:
        """Sleep until a question comes, the child does something, or a deadline is there; act on what the child did."""
        child = self._life.child
        if child is not None:
            write = selectors.EVENT_WRITE if child.wants_to_write else 0
            self._selector.modify(child.connection, selectors.EVENT_READ | write)
        for key, mask in self._selector.select(self._life.until_deadline_s()):
            if key.fd == self._wake_up.descriptor:
                self._wake_up.calm()
            elif child is None or child is not self._life.child:
                continue  # it was lost a moment ago, and this news is about it
            elif key.fileobj is child.connection:
                self._talk.go_on(readable=bool(mask & selectors.EVENT_READ), writable=bool(mask & selectors.EVENT_WRITE))
            elif not child.read_last_words():
                self._selector.unregister(child.stderr)
