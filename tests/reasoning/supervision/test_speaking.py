"""Words as they come, and questions that are cancelled on the way, with real processes; see speaking_reasoners.py."""

from __future__ import annotations

import logging
import os
import signal
import threading
from dataclasses import replace

import pytest

from realtime_fer.reasoning.claims import ClaimKind, Grounding
from realtime_fer.reasoning.outcome import FailureKind
from realtime_fer.reasoning.partial_answer import PartialAnswer
from realtime_fer.reasoning.supervision.child_listener import MIN_INTERVAL_S
from realtime_fer.reasoning.supervision.health import ReasonerState
from tests.reasoning.questions import request, wait_for
from tests.reasoning.supervision import speaking_reasoners as fakes
from tests.reasoning.supervision.watched import Start

SPEAKING = "tests.reasoning.supervision.speaking_reasoners:speaking"


def test_words_come_before_the_answer_and_belong_to_their_question(start: Start) -> None:
    heard: list[PartialAnswer] = []
    threads: set[str] = set()

    def on_saying(partial: PartialAnswer) -> None:
        heard.append(partial)
        threads.add(threading.current_thread().name)

    supervisor = start(SPEAKING, on_saying=on_saying)
    asked = request(7, fakes.TELL)
    assert supervisor.submit(asked)
    outcome = supervisor.next_outcome()
    assert outcome.answer is not None
    assert outcome.answer.text == "The face looks sad."
    # On a busy machine some are left out; each is the beginning of the answer, and they grow.
    assert all(outcome.answer.text.startswith(partial.text) for partial in heard)
    assert [partial.text for partial in heard] == sorted({partial.text for partial in heard}, key=len)
    assert [partial.part for partial in heard] == list(range(len(heard)))
    first = heard[0]
    assert (first.request_id, first.track_id, first.frame_id, first.step) == (7, fakes.TELL, asked.frame_id, "primary")
    assert (first.capture_monotonic_ns, first.capture_unix_ns) == (asked.capture_monotonic_ns, asked.capture_unix_ns)
    assert threads == {"realtime-fer-reasoner"}
    supervisor.ask(fakes.TELL, 8)
    assert next(partial.part for partial in heard if partial.request_id == 8) == 0, "each question counts anew"


def test_a_chatterer_is_heard_at_a_bounded_rate(start: Start) -> None:
    heard: list[PartialAnswer] = []
    supervisor = start(SPEAKING, on_saying=heard.append)
    outcome = supervisor.ask(fakes.CHATTER)
    assert outcome.answer is not None
    assert 1 <= len(heard) <= fakes.CHATTER_S / MIN_INTERVAL_S + 2 < int(outcome.answer.text)


def test_without_anybody_to_hear_it_the_answer_is_the_same(start: Start) -> None:
    outcome = start(SPEAKING).ask(fakes.TELL)
    assert outcome.answer is not None
    assert outcome.answer.text == "The face looks sad."


def test_a_callback_that_fails_does_not_end_the_reasoning(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    def on_saying(_: PartialAnswer) -> None:
        raise RuntimeError("the listener is broken")

    supervisor = start(SPEAKING, on_saying=on_saying)
    with caplog.at_level(logging.CRITICAL, "realtime_fer.reasoning.supervision.question_desk"):
        assert supervisor.ask(fakes.TELL).answer is not None


def test_a_cancelled_question_is_stopped_in_the_middle_and_the_next_one_asked(start: Start) -> None:
    heard: list[PartialAnswer] = []
    supervisor = start(SPEAKING, on_saying=heard.append)
    supervisor.submit(request(0, fakes.TALK_ON))
    wait_for(lambda: len(heard) > 1, "words")
    pid = supervisor.health().pid
    supervisor.submit(request(1, fakes.TELL))
    supervisor.cancel(fakes.TALK_ON)
    supervisor.cancel(fakes.TALK_ON)
    so_far = len(heard)
    outcome = supervisor.next_outcome()
    assert (outcome.request_id, outcome.failure) == (1, None)
    assert {partial.request_id for partial in heard[so_far:]} <= {1}, "nobody hears the rest"
    health = supervisor.health()
    assert (health.cancelled, health.answered, health.failed, health.restarts, health.pid) == (1, 1, 0, 0, pid)


def test_a_cancelled_question_has_no_outcome(start: Start) -> None:
    heard: list[PartialAnswer] = []
    supervisor = start(SPEAKING, on_saying=heard.append)
    supervisor.submit(request(0, fakes.HANG))
    wait_for(lambda: len(heard) == 1, "words")
    supervisor.submit(request(1, track_id=21))
    supervisor.submit(request(2, track_id=22))
    supervisor.cancel(21)
    supervisor.cancel(fakes.HANG)
    pid = supervisor.health().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert supervisor.next_outcome().request_id == 2
    health = supervisor.health()
    assert (health.answered, health.failed, health.cancelled) == (1, 0, 2)


def test_one_that_does_not_stop_goes_on_to_an_answer_that_nobody_gets(start: Start) -> None:
    heard: list[PartialAnswer] = []
    supervisor = start(SPEAKING, on_saying=heard.append)
    supervisor.submit(request(0, fakes.DEAF))
    wait_for(lambda: len(heard) == 1, "words")
    supervisor.cancel(fakes.DEAF)
    supervisor.wait_until(ReasonerState.READY)
    assert [partial.text for partial in heard] == ["la la"]
    assert supervisor.poll() == []
    assert supervisor.ask(fakes.TELL, 1).answer is not None
    health = supervisor.health()
    assert (health.cancelled, health.answered, health.restarts) == (1, 1, 0)


def test_one_that_hears_nothing_is_still_killed_in_time(start: Start) -> None:
    heard: list[PartialAnswer] = []
    supervisor = start(SPEAKING, on_saying=heard.append, answer_timeout_s=0.5)
    supervisor.submit(request(0, fakes.HANG))
    wait_for(lambda: len(heard) == 1, "words")
    supervisor.cancel(fakes.HANG)
    wait_for(lambda: supervisor.health().restarts == 1, "the next process")
    health = supervisor.health()
    assert (health.cancelled, health.failed) == (1, 0)


def test_a_cancellation_that_crosses_the_answer_does_no_harm(start: Start) -> None:
    supervisor = start(SPEAKING)
    supervisor.wait_until(ReasonerState.READY)
    for number in range(40):
        assert supervisor.submit(request(number, fakes.AFTERTHOUGHT))
        for _ in range(20 * number):  # a little later each time: before, while and after it is answered
            supervisor.health()
        supervisor.cancel(fakes.AFTERTHOUGHT)
    assert supervisor.submit(request(99, fakes.TELL))
    wait_for(lambda: supervisor.next_outcome().request_id == 99, "the last answer")
    health = supervisor.health()
    assert health.answered + health.cancelled + health.replaced == health.asked == 41
    assert health.answered >= 1
    assert health.cancelled >= 1
    assert (health.failed, health.restarts) == (0, 0)


def test_words_on_a_question_that_nobody_asked_are_garbage(start: Start) -> None:
    heard: list[PartialAnswer] = []
    supervisor = start(SPEAKING, on_saying=heard.append)
    outcome = supervisor.ask(fakes.SPOIL)
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.GARBAGE
    assert outcome.failure.message == "reply of the reasoner's process: Saying was not expected now"
    assert heard == []
    assert supervisor.ask(fakes.TELL, 1).answer is not None


def test_an_afterthought_is_not_heard(start: Start) -> None:
    supervisor = start(SPEAKING)
    for number in range(5):
        assert supervisor.ask(fakes.AFTERTHOUGHT, number).answer is not None
    assert supervisor.health().restarts == 0


def test_half_a_letter_does_not_spoil_the_words(start: Start) -> None:
    heard: list[PartialAnswer] = []
    supervisor = start(SPEAKING, on_saying=heard.append)
    assert supervisor.ask(fakes.HALF_A_LETTER).answer is not None
    assert [partial.text for partial in heard] == ["sad ?"]


def test_stopping_unasked_is_a_failure(start: Start) -> None:
    outcome = start(SPEAKING).ask(fakes.STOP_UNASKED)
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.message) == (FailureKind.RAISED, "QuestionCancelledError: tired")


def test_answers_are_held_against_what_was_measured(start: Start) -> None:
    supervisor = start(SPEAKING)
    supervisor.submit(replace(request(0, fakes.TELL), probabilities={"happiness": 0.83, "sadness": 0.02}))
    answer = supervisor.next_outcome().answer
    assert answer is not None
    (claim,) = answer.claims
    assert (claim.kind, claim.name, claim.grounding) == (ClaimKind.EXPRESSION, "sadness", Grounding.CONTRADICT)
    assert claim.evidence == "fast path: happiness 0.83, claimed sadness 0.02"
