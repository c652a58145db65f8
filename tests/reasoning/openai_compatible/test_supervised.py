"""The reasoner where it lives: in a process of its own, started and watched by the supervisor."""

from __future__ import annotations

import pytest

from realtime_fer.reasoning.outcome import FailureKind, ReasoningOutcome
from realtime_fer.reasoning.supervision.child_limits import ChildLimits
from realtime_fer.reasoning.supervision.health import ReasonerState
from realtime_fer.reasoning.supervision.supervisor import ReasonerSupervisor
from tests.reasoning.openai_compatible.asking import sadness
from tests.reasoning.openai_compatible.server import ModelServer, answers, replies
from tests.reasoning.questions import PATIENCE_S, request, wait_for

FACTORY = "realtime_fer.reasoning.openai_compatible.factory:build"


def test_a_question_goes_through_its_own_process_to_the_server_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-test")
    outcomes: list[ReasoningOutcome] = []
    wrong_key = replies(401, {"error": {"message": "no such key: sk-of-the-test"}})
    with ModelServer(answers("Sadness", sadness()), answers("Fear"), wrong_key, answers("Neutral")) as server:
        options = {"base_url": server.url, "model": "chain-of-affect", "retries": 0}
        supervisor = ReasonerSupervisor(FACTORY, options, limits=ChildLimits(niceness=0), on_outcome=outcomes.append)
        supervisor.start()
        try:
            for request_id in range(3):
                supervisor.submit(request(request_id))
                wait_for(lambda: len(outcomes) == supervisor.health().asked, f"an answer; {supervisor.health()}")
            health = supervisor.health()
        finally:
            assert supervisor.stop(PATIENCE_S)
    good, failed, good_again = outcomes
    assert good.answer is not None
    assert good.answer.compound_label == "Sadly Fearful"
    assert good.answer.steps[0].distribution is not None
    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.RAISED
    assert failed.failure.message.startswith(f"ServerError: {server.url}: expected a key that it accepts, found 401")
    assert "sk-of" not in failed.failure.message
    assert good_again.answer is not None
    assert health.state is ReasonerState.READY
    assert health.restarts == 0
    assert server.connections == 1
    assert {received.headers["authorization"] for received in server.received} == {"Bearer sk-of-the-test"}
