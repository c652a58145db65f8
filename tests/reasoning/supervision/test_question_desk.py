from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_fer.reasoning.outcome import ChainStep, FailureKind, ReasoningAnswer, ReasoningFailure, ReasoningOutcome
from realtime_fer.reasoning.partial_answer import PartialAnswer
from realtime_fer.reasoning.supervision.health import ReasonerState
from realtime_fer.reasoning.supervision.question_desk import UNREAD_OUTCOMES, OutcomeCallback, QuestionDesk, SayingCallback
from tests.fakes import FakeClock
from tests.reasoning.questions import request

ANSWER = ReasoningAnswer((ChainStep("primary", "Fear"),), None, "text", "model", "1")
FAILURE = ReasoningFailure(FailureKind.RAISED, "why")
TIMED_OUT = ReasoningFailure(FailureKind.TIMED_OUT, "too slow")


class Bell:
    rings = 0

    def ring(self) -> None:
        self.rings += 1


def desk(
    on_outcome: OutcomeCallback | None = None,
    clock: FakeClock | None = None,
    bell: Bell | None = None,
    on_saying: SayingCallback | None = None,
) -> QuestionDesk:
    made = QuestionDesk(
        capacity=3,
        on_outcome=on_outcome,
        on_saying=on_saying,
        wake=(bell or Bell()).ring,
        clock=clock or FakeClock(),
    )
    made.open()
    return made


def test_a_question_from_submission_to_answer() -> None:
    clock, bell = FakeClock(), Bell()
    front = desk(clock=clock, bell=bell)
    front.now(ReasonerState.READY)
    assert front.submit(request(3))
    assert bell.rings == 1
    front.now(ReasonerState.BUSY)
    assert front.submit(request(4, track_id=2))
    assert bell.rings == 1, "a busy reasoner need not be disturbed"
    front.now(ReasonerState.FAILED)
    assert front.submit(request(5, track_id=2))
    assert bell.rings == 2
    clock.advance(0.5)
    taken = front.take()
    assert taken is not None
    assert taken.request.request_id == 3
    assert front.is_in_flight(3)
    assert not front.is_in_flight(4)
    clock.advance(1.5)
    front.finish(ANSWER)
    assert not front.is_in_flight(3)
    (outcome,) = front.poll()
    assert (outcome.answer, outcome.latency_ms) == (ANSWER, 2000.0)
    assert outcome.answered_unix_ns - outcome.asked_unix_ns == 2_000_000_000
    assert front.poll() == []
    assert front.health().latency_ms == {"p50": 2000.0, "p95": 2000.0, "p99": 2000.0}


def test_failures_are_counted_and_remembered() -> None:
    front = desk()
    for end in (FAILURE, TIMED_OUT):
        front.submit(request())
        front.take()
        front.finish(end)
    health = front.health()
    assert (health.asked, health.failed, health.timed_out, health.last_error) == (2, 2, 1, "too slow")
    front.submit(request())
    front.take()
    front.finish(FAILURE, is_news=False)
    assert front.last_error == "too slow"


def test_a_question_cancelled_in_flight_has_no_outcome_but_the_next_one_has() -> None:
    front = desk()
    front.submit(request(0, track_id=1))
    front.take()
    front.cancel(1)
    front.finish(ANSWER)
    front.submit(request(1, track_id=1))
    front.take()
    front.cancel(2)
    front.finish(ANSWER)
    assert [outcome.request_id for outcome in front.poll()] == [1]
    assert (front.health().cancelled, front.health().answered) == (1, 1)


def test_a_closed_desk_takes_nothing() -> None:
    front = desk()
    front.shut()
    assert not front.submit(request())
    assert front.health().asked == 0
    front.open()
    assert front.submit(request())


def test_finishing_without_a_question_is_nothing() -> None:
    front = desk()
    front.finish(ANSWER)
    assert front.poll() == []
    assert front.health().answered == 0


def test_a_callback_gets_what_poll_would(caplog: pytest.LogCaptureFixture) -> None:
    got: list[ReasoningOutcome] = []

    def on_outcome(outcome: ReasoningOutcome) -> None:
        got.append(outcome)
        raise RuntimeError("the listener is broken")

    front = desk(on_outcome)
    front.submit(request(8))
    front.take()
    front.finish(ANSWER)
    assert [outcome.request_id for outcome in got] == [8]
    assert front.poll() == []
    assert "the callback failed" in caplog.text


def test_unread_outcomes_are_bounded() -> None:
    front = desk()
    for number in range(UNREAD_OUTCOMES + 5):
        front.submit(request(number))
        front.take()
        front.finish(ANSWER)
    outcomes = front.poll()
    assert (len(outcomes), outcomes[0].request_id) == (UNREAD_OUTCOMES, 5)


def test_a_broken_bell_does_not_reach_the_fast_path(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise OSError("no bell")

    front = QuestionDesk(capacity=3, on_outcome=None, wake=broken, clock=FakeClock())
    front.open()
    front.now(ReasonerState.READY)
    assert front.submit(request()) is False
    assert "could not be submitted" in caplog.text


def test_what_is_known_of_the_process() -> None:
    front = desk()
    front.now(ReasonerState.STARTING)
    front.process(4711)
    front.introduce("model", "1.2")
    health = front.health()
    assert (health.state, health.name, health.version, health.pid) == (ReasonerState.READY, "model", "1.2", 4711)
    front.now(ReasonerState.BACKING_OFF, error="gone")
    front.now(ReasonerState.STARTING)
    front.process(None)
    front.restarted()
    health = front.health()
    assert (health.state, health.last_error, health.pid, health.restarts) == (ReasonerState.STARTING, "gone", None, 1)


def test_words_are_counted_question_by_question_and_belong_to_it() -> None:
    got: list[PartialAnswer] = []
    front = desk(on_saying=got.append)
    front.say("primary", "to nobody")
    for number in (3, 4):
        front.submit(request(number))
        front.take()
        front.say("primary", "It")
        front.say("primary", "It is")
        front.finish(ANSWER)
    assert [(p.request_id, p.step, p.text, p.part) for p in got] == [
        (3, "primary", "It", 0),
        (3, "primary", "It is", 1),
        (4, "primary", "It", 0),
        (4, "primary", "It is", 1),
    ]
    desk().say("primary", "without a callback")


def test_a_callback_for_words_that_fails_is_logged_without_a_flood(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: PartialAnswer) -> None:
        raise RuntimeError("broken")

    front = desk(on_saying=broken)
    front.submit(request())
    front.take()
    for _ in range(20):
        front.say("primary", "x")
    assert len(caplog.records) == 5, "the 1st, 2nd, 4th, 8th and 16th"


def test_a_cancelled_question_is_told_once_and_its_words_are_not_heard() -> None:
    got: list[PartialAnswer] = []
    bell = Bell()
    front = desk(on_saying=got.append, bell=bell)
    front.submit(request(5, track_id=1))
    front.take()
    assert front.take_cancellation() is None
    assert front.in_flight is not None
    front.cancel(2)
    assert (front.is_cancelled, bell.rings) == (False, 0), "another face"
    front.cancel(1)
    assert (front.is_cancelled, bell.rings) == (True, 1)
    front.cancel(1)
    assert [front.take_cancellation(), front.take_cancellation()] == [5, None]
    front.say("primary", "x")
    assert got == []
    front.withdraw()
    assert not front.is_in_flight(5)
    assert (front.health().cancelled, front.is_cancelled) == (1, False)
    front.withdraw()
    assert front.health().cancelled == 1
    front.submit(request(6, track_id=1))
    front.take()
    assert front.take_cancellation() is None, "that was the question before"


ACTIONS = (
    "submit 1",
    "submit 2",
    "submit 3",
    "submit 4",
    "take",
    "answer",
    "fail",
    "cancel 1",
    "cancel 2",
    "clear",
    "withdraw",
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(ACTIONS), max_size=80))
def test_every_question_is_counted_once_whatever_happens(actions: list[str]) -> None:
    front, in_flight, outcomes = desk(), False, 0
    for number, action in enumerate(actions):
        verb, _, track_id = action.partition(" ")
        if verb == "submit":
            front.submit(request(number, int(track_id)))
        elif verb == "cancel":
            front.cancel(int(track_id))
        elif verb in ("clear", "withdraw"):
            front.clear() if verb == "clear" else front.withdraw()
            in_flight = False
        elif verb == "take":
            if not in_flight:
                in_flight = front.take() is not None
        else:
            front.finish(ANSWER if verb == "answer" else FAILURE)
            in_flight = False
        outcomes += len(front.poll())
        health = front.health()
        ended = health.answered + health.failed + health.replaced + health.cancelled
        assert health.asked == ended + health.waiting + in_flight
        assert outcomes == health.answered + health.failed
