"""The parent's hold on one process; what the supervisor makes of it is in test_supervisor.py."""

from __future__ import annotations

import os
import signal

import pytest

from realtime_fer.errors import MessageError
from realtime_fer.reasoning.supervision.child_limits import ChildLimits
from realtime_fer.reasoning.supervision.child_process import ChildGoneError, ChildProcess, describe_exit
from realtime_fer.reasoning.supervision.child_replies import Ready, Reply
from tests.reasoning.questions import is_running, wait_for


def start(factory: str = "misbehaving", **options: object) -> ChildProcess:
    return ChildProcess(f"tests.reasoning.supervision.fake_reasoners:{factory}", options, ChildLimits(niceness=0))


def test_it_is_set_up_and_says_when_it_is_ready_and_ends_with_its_connection() -> None:
    child = start()
    replies: list[Reply] = []

    def talk() -> bool:
        if child.wants_to_write:
            child.write_some()
        replies.extend(child.read_some())
        return bool(replies)

    wait_for(talk, "the reply")
    assert replies == [Ready("misbehaving", "0.1")]
    assert is_running(child.pid)
    assert child.end(grace_s=30) == "ended with exit code 0"
    assert not is_running(child.pid)


def test_killing_it_is_seen_on_the_connection() -> None:
    child = start()
    child.kill()

    def gone() -> bool:
        try:
            return child.read_some() != []
        except ChildGoneError:
            return True

    wait_for(gone, "the end of the connection")
    with pytest.raises(ChildGoneError):
        child.write_some()
    assert child.end() == "ended by SIGKILL"


def test_a_process_that_is_stopped_is_ended_by_force() -> None:
    child = start()
    os.kill(child.pid, signal.SIGSTOP)
    assert child.end(grace_s=0.01) == "ended by SIGKILL"


def test_what_cannot_be_said_starts_nothing() -> None:
    with pytest.raises(MessageError):
        start(x=object())


@pytest.mark.parametrize(
    ("code", "last_words", "described"),
    [
        (0, "", "ended with exit code 0"),
        (3, "no such model", "ended with exit code 3 (no such model)"),
        (-9, "", "ended by SIGKILL"),
        (-11, "at 0x0", "ended by SIGSEGV (at 0x0)"),
        (-250, "", "ended by signal 250"),
    ],
)
def test_how_a_process_ended_in_one_line(code: int, last_words: str, described: str) -> None:
    assert describe_exit(code, last_words) == described
