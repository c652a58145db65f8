"""Real processes that talk nonsense, see fake_reasoners.py."""

from __future__ import annotations

from realtime_fer.reasoning.outcome import FailureKind
from tests.reasoning.supervision import fake_reasoners as fakes
from tests.reasoning.supervision.watched import Start, failure


def test_garbage_is_one_error_and_a_fresh_process(start: Start) -> None:
    supervisor = start()
    kind, message = failure(supervisor.ask(fakes.GARBAGE))
    assert kind is FailureKind.GARBAGE
    assert "bytes, expected at most" in message
    assert supervisor.ask(fakes.WELL, 1).answer is not None
    assert supervisor.health().restarts == 1


def test_what_goes_wrong_inside_leaves_the_process_alone(start: Start) -> None:
    supervisor = start()
    assert failure(supervisor.ask(fakes.RAISE)) == (FailureKind.RAISED, "ValueError: no face in there")
    pid = supervisor.health().pid
    kind, message = failure(supervisor.ask(fakes.WRONG_TYPES, 1))
    assert kind is FailureKind.GARBAGE
    assert message == "answer: label: expected text of at most 4000 characters, found 17"
    outcome = supervisor.ask(fakes.CHATTER, 2)
    assert outcome.answer is not None
    assert outcome.answer.text == "chattered"
    health = supervisor.health()
    assert (health.pid, health.restarts, health.answered, health.failed) == (pid, 0, 1, 2)
    assert health.last_error == message
