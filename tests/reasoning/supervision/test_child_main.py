"""One question in the child, without a process; whole processes are in test_supervisor.py."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from typing import Any

import pytest

from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.reasoning.supervision import child_main
from realtime_fer.reasoning.supervision.child_frames import FrameReader
from realtime_fer.reasoning.supervision.child_replies import Answered, Raised, Reply, read_reply
from realtime_fer.reasoning.supervision.child_requests import encode_request
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
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ((sent, pixels),) = FrameReader().feed(encode_request(request(6)))
        child_main._answer(theirs, Says(answer), header or sent, pixels)
        ((reply, _),) = FrameReader().feed(ours.recv(1 << 16))
        return read_reply(reply)


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
