"""One question in the child, without a process; whole processes are in test_supervisor.py."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from typing import Any

import pytest

from realtime_fer.reasoning.listener import Listener, QuestionCancelledError
from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from realtime_fer.reasoning.reasoner import Reasoner
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.reasoning.supervision import child_main
from realtime_fer.reasoning.supervision.child_frames import FrameReader
from realtime_fer.reasoning.supervision.child_listener import Cancellation
from realtime_fer.reasoning.supervision.child_replies import Answered, Cancelled, Raised, Reply, Saying, read_reply
from realtime_fer.reasoning.supervision.child_requests import encode_request
from realtime_fer.reasoning.supervision.reply_writer import ReplyWriter
from tests.reasoning.questions import request

ANSWER = ReasoningAnswer((ChainStep("primary", "Fear", {"Fear": 1.0}),), None, "text", "model", "1")


NOT_JSON: dict[str, Any] = {"text": float("nan")}


class Says:
    name, version = "model", "1"

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def reason(self, _: ReasoningRequest) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def reply_of(answer: Any, header: dict[str, Any] | None = None) -> Reply:
    """What the child replies where its reasoner gives this answer."""
    (reply,) = replies_of(Says(answer), header)
    return reply


def replies_of(reasoner: Reasoner, header: dict[str, Any] | None = None, *, cancelled: int | None = None) -> list[Reply]:
    """What the child replies to a question, which the parent may have cancelled before."""
    cancellation = Cancellation()
    if cancelled is not None:
        cancellation.note(cancelled)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ((sent, pixels),) = FrameReader().feed(encode_request(request(6)))
        child_main._answer(ReplyWriter(theirs), reasoner, header or sent, pixels, cancellation)
        return [read_reply(reply) for reply, _ in FrameReader().feed(ours.recv(1 << 16))]


def test_an_answer() -> None:
    reply = reply_of(ANSWER)
    assert isinstance(reply, Answered)
    assert reply.request_id == 6


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (ValueError("first\nsecond"), "ValueError: first"),
        (ConnectionResetError(), "ConnectionResetError"),
        (None, "AttributeError: 'NoneType' object has no attribute 'steps'"),
        (replace(ANSWER, **NOT_JSON), "MessageError: message to another process: cannot be written as JSON"),
    ],
)
def test_whatever_goes_wrong_is_an_error_of_this_question(answer: Any, error: str) -> None:
    reply = reply_of(answer)
    assert isinstance(reply, Raised)
    assert (reply.request_id, reply.fatal) == (6, False)
    assert reply.error.startswith(error)


def test_a_question_that_cannot_be_read_is_an_error_too() -> None:
    reply = reply_of(ANSWER, {"request_id": 6, "height": 2})
    assert isinstance(reply, Raised)
    assert "MessageError: request from the parent process" in reply.error


def test_out_of_memory_ends_the_process_after_saying_so(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    reply = reply_of(MemoryError("too much"))
    assert reply == Raised(6, "MemoryError: too much", fatal=True)
    assert codes == [child_main.EXIT_OUT_OF_MEMORY]


class Speaks(Says):
    def reason_aloud(self, _: ReasoningRequest, listener: Listener) -> Any:
        listener.say("primary", "It is")
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def test_one_that_speaks_is_listened_to() -> None:
    said, reply = replies_of(Speaks(ANSWER))
    assert said == Saying(6, "primary", "It is")
    assert isinstance(reply, Answered)


def test_a_question_that_is_cancelled_before_it_is_begun_is_not_asked() -> None:
    assert replies_of(Speaks(ANSWER), cancelled=6) == [Cancelled(6)]
    assert replies_of(Says(ANSWER), cancelled=6) == [Cancelled(6)]


def test_a_cancellation_that_comes_after_the_answer_does_not_touch_the_next_question() -> None:
    assert isinstance(reply_of(ANSWER), Answered)
    assert isinstance(replies_of(Speaks(ANSWER), cancelled=5)[-1], Answered)


def test_to_stop_unasked_is_an_error_like_others() -> None:
    _, reply = replies_of(Speaks(QuestionCancelledError("tired")))
    assert reply == Raised(6, "QuestionCancelledError: tired", fatal=False)
