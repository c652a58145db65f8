"""A supervisor whose outcomes a test takes one at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from realtime_fer.reasoning.outcome import FailureKind, ReasoningOutcome
from realtime_fer.reasoning.supervision.health import ReasonerHealth, ReasonerState
from realtime_fer.reasoning.supervision.restart_policy import RestartPolicy
from realtime_fer.reasoning.supervision.supervisor import ReasonerSupervisor
from tests.reasoning.questions import request, wait_for

AT_ONCE = RestartPolicy(first_delay_s=0.01, max_delay_s=0.01)


class Watched(ReasonerSupervisor):
    """One whose outcomes are taken one at a time."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.unread: deque[ReasoningOutcome] = deque()

    def next_outcome(self) -> ReasoningOutcome:
        wait_for(self._has_outcome, f"an outcome; {self.health()}")
        return self.unread.popleft()

    def ask(self, track_id: int, request_id: int = 0) -> ReasoningOutcome:
        assert self.submit(request(request_id, track_id))
        return self.next_outcome()

    def wait_until(self, state: ReasonerState) -> None:
        wait_for(lambda: self.health().state is state, f"{state}; {self.health()}")

    def _has_outcome(self) -> bool:
        self.unread.extend(self.poll())
        return bool(self.unread)


Start = Callable[..., Watched]


def assert_every_question_counted(health: ReasonerHealth) -> None:
    ended = health.answered + health.failed + health.replaced + health.cancelled + health.waiting
    assert health.asked == ended + (health.state is ReasonerState.BUSY)


def failure(outcome: ReasoningOutcome) -> tuple[FailureKind, str]:
    assert outcome.failure is not None
    return outcome.failure.kind, outcome.failure.message
