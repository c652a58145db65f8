from __future__ import annotations

from dataclasses import replace

import pytest

from realtime_fer.errors import MessageError
from realtime_fer.pipeline.reasoning_messages import partial_content, reasoner_health, reasoning_content
from realtime_fer.publishing.encoding import Encoding, decode, encode
from realtime_fer.publishing.stamping import MessageStamper
from realtime_fer.reasoning.claims import Claim, ClaimKind, Grounding
from realtime_fer.reasoning.keyframes.keyframe import KeyframeEvidence, KeyframeReason
from realtime_fer.reasoning.outcome import ChainStep, FailureKind, ReasoningAnswer, ReasoningFailure, ReasoningOutcome
from realtime_fer.reasoning.partial_answer import PartialAnswer
from realtime_fer.reasoning.supervision.health import ReasonerLedger, ReasonerState

EVIDENCE = KeyframeEvidence(
    in_view_s=2.00049,
    since_asked_s=None,
    settled_s=0.5,
    waiting_s=-1e-9,
    change=None,
    best_label="sadness",
    best_probability=1.0000001,
    second_label="fear",
    second_probability=0.12345678,
    quality=0.9,
    quality_asked=None,
)
ANSWER = ReasoningAnswer(
    steps=(ChainStep("primary", "Sadness", {"Sadness": 0.75, "Fear": 0.25}), ChainStep("secondary", "Fear")),
    compound_label="Sadly Fearful",
    text="The face looks sadly fearful.",
    model_name="chain",
    model_version="0.1",
    claims=(
        Claim(ClaimKind.ACTION_UNIT, "lip corner puller", code="AU12", side="left", intensity="slightly", present=False),
        Claim(ClaimKind.EXPRESSION, "fear", grounding=Grounding.CONTRADICT, evidence="fast path: sadness 0.90"),
    ),
)


def outcome(end: ReasoningAnswer | ReasoningFailure = ANSWER) -> ReasoningOutcome:
    return ReasoningOutcome(
        request_id=5,
        track_id=3,
        frame_id=70,
        capture_monotonic_ns=10**9,
        capture_unix_ns=17 * 10**17,
        reason=KeyframeReason.NEW_FACE,
        asked_monotonic_ns=2 * 10**9,
        asked_unix_ns=17 * 10**17 + 10**9,
        answered_monotonic_ns=3 * 10**9 + 1234,
        answered_unix_ns=17 * 10**17 + 2 * 10**9,
        answer=end if isinstance(end, ReasoningAnswer) else None,
        failure=end if isinstance(end, ReasoningFailure) else None,
    )


def test_everything_of_an_answer_is_carried_over() -> None:
    content = reasoning_content(outcome(), evidence=EVIDENCE, source="camera 0")
    assert (content.keyframe_id, content.track_id, content.frame_id, content.source) == (5, 3, 70, "camera 0")
    assert (content.capture_monotonic_ns, content.capture_unix_ns) == (10**9, 17 * 10**17)
    assert (content.asked_monotonic_ns, content.asked_unix_ns) == (2 * 10**9, 17 * 10**17 + 10**9)
    assert (content.answered_monotonic_ns, content.answered_unix_ns) == (3 * 10**9 + 1234, 17 * 10**17 + 2 * 10**9)
    assert content.latency_ms == 1000.001
    assert content.reason == "new_face"
    assert content.error is None
    answer = content.answer
    assert answer is not None
    assert (answer.model, answer.version, answer.compound_label) == ("chain", "0.1", "Sadly Fearful")
    assert answer.text == "The face looks sadly fearful."
    assert [(step.question, step.label, step.distribution) for step in answer.steps] == [
        ("primary", "Sadness", {"Sadness": 0.75, "Fear": 0.25}),
        ("secondary", "Fear", None),
    ]


def test_claims_are_carried_over_with_what_was_measured() -> None:
    answer = reasoning_content(outcome(), evidence=EVIDENCE, source="").answer
    assert answer is not None
    assert [claim.model_dump() for claim in answer.claims] == [
        {
            "kind": "action_unit",
            "name": "lip corner puller",
            "code": "AU12",
            "side": "left",
            "intensity": "slightly",
            "present": False,
            "grounding": "unknown",
            "evidence": None,
        },
        {
            "kind": "expression",
            "name": "fear",
            "code": None,
            "side": None,
            "intensity": None,
            "present": True,
            "grounding": "contradict",
            "evidence": "fast path: sadness 0.90",
        },
    ]


PARTIAL = PartialAnswer(5, 3, 70, 10**9, 17 * 10**17, "primary", "The face", 2)


def test_words_are_carried_over() -> None:
    content = partial_content(PARTIAL, source="camera 0")
    assert content.model_dump() == {
        "source": "camera 0",
        "frame_id": 70,
        "capture_unix_ns": 17 * 10**17,
        "capture_monotonic_ns": 10**9,
        "keyframe_id": 5,
        "track_id": 3,
        "step": "primary",
        "text": "The face",
        "part": 2,
    }


def test_words_outside_the_schema_name_keyframe_and_field() -> None:
    with pytest.raises(MessageError, match=r"keyframe 5: .*\.step: .*found ''"):
        partial_content(replace(PARTIAL, step=""), source="")


def test_evidence_is_rounded_and_stays_in_range() -> None:
    evidence = reasoning_content(outcome(), evidence=EVIDENCE, source="").evidence
    assert evidence is not None
    assert (evidence.in_view_s, evidence.settled_s, evidence.waiting_s) == (2.0, 0.5, 0.0)
    assert (evidence.best_label, evidence.best_probability) == ("sadness", 1.0)
    assert (evidence.second_label, evidence.second_probability) == ("fear", 0.123457)
    assert (evidence.since_asked_s, evidence.change, evidence.quality_asked) == (None, None, None)
    later = replace(EVIDENCE, since_asked_s=3.25, change=0.5, quality_asked=0.4)
    evidence = reasoning_content(outcome(), evidence=later, source="").evidence
    assert evidence is not None
    assert (evidence.since_asked_s, evidence.change, evidence.quality, evidence.quality_asked) == (3.25, 0.5, 0.9, 0.4)
    assert reasoning_content(outcome(), evidence=None, source="").evidence is None


@pytest.mark.parametrize("kind", list(FailureKind))
@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_every_failure_reaches_the_wire(kind: FailureKind, encoding: Encoding) -> None:
    content = reasoning_content(outcome(ReasoningFailure(kind, "why")), evidence=EVIDENCE, source="x")
    assert content.answer is None
    assert content.error is not None
    assert (content.error.kind, content.error.message) == (kind.value, "why")
    message = MessageStamper().stamp(content)
    assert decode(encode(message, encoding).wire) == message


def test_a_value_outside_the_schema_names_keyframe_and_field() -> None:
    with pytest.raises(MessageError, match=r"keyframe 5: .*best_label.*'Sad Face'"):
        reasoning_content(outcome(), evidence=replace(EVIDENCE, best_label="Sad Face"), source="")


@pytest.mark.parametrize("state", list(ReasonerState))
def test_health_is_carried_over(state: ReasonerState) -> None:
    ledger = ReasonerLedger(state=state, name="chain", version="0.1", pid=4711, last_error="why", asked=9, answered=4, failed=1)
    ledger.timed_out, ledger.replaced, ledger.cancelled, ledger.restarts = 1, 2, 1, 3
    assert reasoner_health(ledger.snapshot(1)).latency_ms is None
    ledger.latencies_ms.append(12.5)
    health = reasoner_health(ledger.snapshot(1))
    assert (health.state, health.name, health.version, health.pid) == (state.value, "chain", "0.1", 4711)
    assert (health.last_error, health.waiting, health.asked, health.answered) == ("why", 1, 9, 4)
    assert (health.failed, health.timed_out, health.replaced, health.cancelled, health.restarts) == (1, 1, 2, 1, 3)
    assert health.latency_ms is not None
    assert health.latency_ms.p50 == 12.5
