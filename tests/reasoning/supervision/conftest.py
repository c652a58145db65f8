from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from realtime_fer.reasoning.supervision.child_limits import ChildLimits
from realtime_fer.reasoning.supervision.health import ReasonerState
from tests.reasoning.questions import PATIENCE_S, is_running
from tests.reasoning.supervision.watched import AT_ONCE, Start, Watched, assert_every_question_counted

FACTORIES = "tests.reasoning.supervision.fake_reasoners:"
"""Where a factory is looked for whose module is not named."""


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts supervisors; afterwards everything they started must be gone."""
    started: list[Watched] = []
    pids: set[int] = set()
    threads_before = threading.active_count()

    def start_one(factory: str = "misbehaving", options: dict[str, Any] | None = None, **settings: Any) -> Watched:
        settings = {"restarts": AT_ONCE, "limits": ChildLimits(niceness=0), **settings}
        supervisor = Watched(factory if ":" in factory else FACTORIES + factory, options, **settings)
        started.append(supervisor)
        supervisor.start()
        return supervisor

    yield start_one
    for supervisor in started:
        pids.add(supervisor.health().pid or 0)
        assert supervisor.stop(PATIENCE_S)
        health = supervisor.health()
        assert health.state is ReasonerState.STOPPED
        assert health.pid is None
        assert_every_question_counted(health)
    assert not [pid for pid in pids if pid and is_running(pid)]
    assert threading.active_count() == threads_before
