from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from realtime_fer.reasoning.listener import Listener
from realtime_fer.reasoning.supervision.child_frames import FrameReader
from realtime_fer.reasoning.supervision.child_listener import MIN_INTERVAL_S, Cancellation, ChildListener
from realtime_fer.reasoning.supervision.child_replies import MAX_STEPS, MAX_TEXT_CHARS, Saying, read_reply
from realtime_fer.reasoning.supervision.reply_writer import ReplyWriter


class Heard:
    """A listener whose clock stands still, and what the parent hears of it."""

    def __init__(self, ours: socket.socket, theirs: socket.socket) -> None:
        self.now_s = 100.0
        self.cancellation = Cancellation()
        self.listener = ChildListener(6, ReplyWriter(theirs), self.cancellation, now_s=lambda: self.now_s)
        self._ours = ours
        self._ours.setblocking(False)

    def words(self) -> list[tuple[str, str]]:
        try:
            data = self._ours.recv(1 << 20)
        except BlockingIOError:
            return []
        replies = [read_reply(header) for header, _ in FrameReader().feed(data)]
        assert all(isinstance(reply, Saying) and reply.request_id == 6 for reply in replies)
        return [(reply.step, reply.text) for reply in replies if isinstance(reply, Saying)]


@pytest.fixture
def heard() -> Iterator[Heard]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Heard(ours, theirs)


def test_it_is_a_listener(heard: Heard) -> None:
    listener: Listener = heard.listener
    assert not listener.cancelled


def test_words_are_passed_on_at_a_bounded_rate(heard: Heard) -> None:
    for text in ("a", "a b", "a b c"):
        heard.listener.say("primary", text)
    assert heard.words() == [("primary", "a")]
    heard.now_s += MIN_INTERVAL_S
    heard.listener.say("primary", "a b c d")
    heard.listener.say("primary", "a b c d e")
    assert heard.words() == [("primary", "a b c d")]


def test_the_last_words_of_a_step_do_not_wait_for_the_answer(heard: Heard) -> None:
    heard.listener.say("primary", "a")
    heard.listener.say("primary", "a b")
    heard.listener.say("secondary", "c")
    assert heard.words() == [("primary", "a"), ("primary", "a b")]
    heard.now_s += MIN_INTERVAL_S
    heard.listener.say("secondary", "c d")
    assert heard.words() == [("secondary", "c d")]


def test_many_steps_are_no_way_round_the_limit(heard: Heard) -> None:
    for number in range(1000):
        heard.listener.say("one" if number % 2 else "two", f"{number}")
    assert len(heard.words()) <= 3
    for number in range(1000):
        heard.listener.say(f"step {number}", "x")
    assert len(heard.words()) <= MAX_STEPS


def test_the_same_words_are_not_said_twice(heard: Heard) -> None:
    for _ in range(3):
        heard.listener.say("primary", "a")
        heard.now_s += 1
    assert heard.words() == [("primary", "a")]


def test_long_words_are_cut_and_half_a_character_is_replaced(heard: Heard) -> None:
    heard.listener.say("primary", "x" * 10_000)
    assert heard.words() == [("primary", "x" * MAX_TEXT_CHARS)]
    heard.now_s += 1
    heard.listener.say("primary", "sad \ud83d")
    assert heard.words() == [("primary", "sad ?")]


@pytest.mark.parametrize("step", ["", "x" * 201])
def test_a_step_without_a_name_is_refused(heard: Heard, step: str) -> None:
    with pytest.raises(ValueError, match="expected a step of 1 to 200 characters"):
        heard.listener.say(step, "a")


def test_after_the_answer_nothing_is_passed_on(heard: Heard) -> None:
    heard.listener.close()
    heard.listener.say("primary", "a")
    assert heard.words() == []


def test_only_its_own_question_is_cancelled(heard: Heard) -> None:
    heard.cancellation.note(5)
    assert not heard.listener.cancelled
    heard.cancellation.note(6)
    assert heard.listener.cancelled
