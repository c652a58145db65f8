from __future__ import annotations

import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.reasoning.outcome import (
    AskedRequest,
    ChainStep,
    FailureKind,
    ReasoningAnswer,
    ReasoningFailure,
    ReasoningOutcome,
)
from tests.reasoning.questions import request

ANSWER = ReasoningAnswer((ChainStep("primary", "Fear"),), None, "It looks afraid.", "model", "1")
FAILURE = ReasoningFailure(FailureKind.DIED, "gone")


def test_an_outcome_belongs_to_its_question() -> None:
    asked = AskedRequest(request(4, track_id=9), asked_monotonic_ns=1_000_000, asked_unix_ns=50)
    outcome = asked.ended(ANSWER, monotonic_ns=3_500_000, unix_ns=60)
    assert (outcome.request_id, outcome.track_id, outcome.frame_id) == (4, 9, 104)
    assert (outcome.asked_unix_ns, outcome.answered_unix_ns) == (50, 60)
    assert outcome.latency_ms == 2.5
    assert (outcome.answer, outcome.failure) == (ANSWER, None)
    failed = asked.ended(FAILURE, monotonic_ns=2, unix_ns=3)
    assert (failed.answer, failed.failure) == (None, FAILURE)


@pytest.mark.parametrize(("answer", "failure", "found"), [(ANSWER, FAILURE, "both"), (None, None, "neither")])
def test_exactly_one_of_answer_and_failure(
    answer: ReasoningAnswer | None, failure: ReasoningFailure | None, found: str
) -> None:
    with pytest.raises(ShapeError, match=f"request 4: expected an answer or a failure, found {found}"):
        ReasoningOutcome(4, 1, 1, 0, 0, request().reason, 0, 0, 0, 0, answer=answer, failure=failure)


def test_a_step_needs_words_and_a_distribution() -> None:
    ChainStep("primary", "Fear", {"Fear": 0.7004, "Anger": 0.3})
    for question, label in (("", "Fear"), ("primary", "")):
        with pytest.raises(ShapeError, match="expected a question and a label"):
            ChainStep(question, label)
    with pytest.raises(ShapeError, match=r"chain step primary: expected a distribution that sums to 1, found 0\.9000"):
        ChainStep("primary", "Fear", {"Fear": 0.9})
    with pytest.raises(ShapeError, match="chain step primary: expected numbers"):
        ChainStep("primary", "Fear", {"Fear": 1.2, "Anger": -0.2})


def test_an_answer_needs_steps_and_a_name() -> None:
    with pytest.raises(ShapeError, match="expected steps and a model name, found 0 and 'model'"):
        ReasoningAnswer((), None, "", "model", "1")
    with pytest.raises(ShapeError, match="found 1 and ''"):
        ReasoningAnswer((ChainStep("primary", "Fear"),), None, "", "", "1")
