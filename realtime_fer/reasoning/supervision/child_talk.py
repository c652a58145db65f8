"""What goes to and fro between the supervisor's thread and the reasoner's process: questions there, replies back."""

from __future__ import annotations

from realtime_fer.errors import MessageError
from realtime_fer.reasoning.grounding import grounded
from realtime_fer.reasoning.outcome import FailureKind, ReasoningAnswer, ReasoningFailure
from realtime_fer.reasoning.supervision.child_life import ChildLife
from realtime_fer.reasoning.supervision.child_process import EXIT_WAIT_S, ChildGoneError
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
from realtime_fer.reasoning.supervision.health import ReasonerState
from realtime_fer.reasoning.supervision.question_desk import QuestionDesk


class ChildTalk:
    """Never waits: sends and reads what goes at the moment.

    Args:
        desk: gives the questions, takes answers and words.
        life: of the process that is spoken to.
    """

    def __init__(self, desk: QuestionDesk, life: ChildLife) -> None:
        self._desk = desk
        self._life = life

    def hand_out(self) -> None:
        """Give a free reasoner its next question, or tell a busy one that its own is cancelled.

        Questions that wait for one that was given up end as failures.
        """
        if self._desk.state is ReasonerState.FAILED:
            while self._desk.take() is not None:
                message = f"the reasoner was given up: {self._desk.last_error}"
                self._desk.finish(ReasoningFailure(FailureKind.UNAVAILABLE, message), is_news=False)
        child = self._life.child
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
                self._life.is_busy()

    def go_on(self, *, readable: bool, writable: bool) -> None:
        """Read and write what goes now; a process that is gone, or talks nonsense, is lost."""
        child = self._life.child
        if child is None:
            return
        try:
            # Reading first: a process that ends says why before it stops listening.
            if readable:
                # Where we were kept busy meanwhile, the newest words are enough.
                for reply in newest_words(child.read_some()):
                    self._hear(reply)
                    if child is not self._life.child:
                        return
            if writable:
                child.write_some()
        except ChildGoneError:
            self._life.lose(FailureKind.DIED, grace_s=EXIT_WAIT_S)
        except MessageError as error:
            self._life.lose(FailureKind.GARBAGE, str(error))

    def _hear(self, reply: Reply) -> None:
        """Act on a reply.

        Raises:
            MessageError: it does not belong here.
        """
        desk = self._desk
        starting = desk.state is ReasonerState.STARTING
        match reply:
            case Ready(name, version) if starting:
                self._life.is_ready(name, version)
            case CannotStart(error, permanent) if starting:
                self._life.lose(FailureKind.DIED, f"cannot start: {error}", permanent=permanent, grace_s=EXIT_WAIT_S)
            case Answered(request_id, values) if desk.is_in_flight(request_id):
                try:
                    self._end_question(self._grounded(read_answer(values)))
                except MessageError as error:
                    # Its frames are in order: only this answer is spoilt.
                    self._end_question(ReasoningFailure(FailureKind.GARBAGE, str(error)))
            case Raised(request_id, error, fatal) if desk.is_in_flight(request_id):
                if fatal:
                    self._life.lose(FailureKind.RAISED, error, grace_s=EXIT_WAIT_S)
                else:
                    self._end_question(ReasoningFailure(FailureKind.RAISED, error))
            case Saying(request_id, step, text) if desk.is_in_flight(request_id):
                desk.say(step, text)
            case Cancelled(request_id) if desk.is_in_flight(request_id) and desk.is_cancelled:
                self._life.is_well()
                desk.withdraw()
            case _:
                raise MessageError(f"reply of the reasoner's process: {type(reply).__name__} was not expected now")

    def _end_question(self, end: ReasoningAnswer | ReasoningFailure) -> None:
        """The question in flight has ended, and the process is well."""
        self._life.is_well()
        self._desk.finish(end)

    def _grounded(self, answer: ReasoningAnswer) -> ReasoningAnswer:
        request = self._desk.in_flight
        return answer if request is None else grounded(answer, request)
