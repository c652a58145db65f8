"""From the slow path's outcomes and health to what messages say."""

from __future__ import annotations

from pydantic import ValidationError

from realtime_fer.errors import MessageError
from realtime_fer.publishing import reasoning_message as wire
from realtime_fer.publishing.envelope import LatencyHealth
from realtime_fer.reasoning.keyframes.keyframe import KeyframeEvidence
from realtime_fer.reasoning.outcome import ReasoningAnswer, ReasoningOutcome
from realtime_fer.reasoning.partial_answer import PartialAnswer
from realtime_fer.reasoning.supervision.health import ReasonerHealth

SECOND_DECIMALS = 3
PROBABILITY_DECIMALS = 6
MILLISECOND_DECIMALS = 3
"""As in the other messages."""


def reasoning_content(outcome: ReasoningOutcome, *, evidence: KeyframeEvidence | None, source: str) -> wire.ReasoningContent:
    """What is published about the end of one question.

    Args:
        evidence: why its keyframe was chosen, in numbers; None where that is not known any more.
        source: name of the source, credentials removed.

    Raises:
        MessageError: a value breaks the wire schema.
    """
    failure = outcome.failure
    try:
        return wire.ReasoningContent(
            source=source,
            frame_id=outcome.frame_id,
            capture_unix_ns=outcome.capture_unix_ns,
            capture_monotonic_ns=outcome.capture_monotonic_ns,
            keyframe_id=outcome.request_id,
            track_id=outcome.track_id,
            reason=outcome.reason.value,
            evidence=None if evidence is None else _evidence(evidence),
            asked_unix_ns=outcome.asked_unix_ns,
            asked_monotonic_ns=outcome.asked_monotonic_ns,
            answered_unix_ns=outcome.answered_unix_ns,
            answered_monotonic_ns=outcome.answered_monotonic_ns,
            latency_ms=round(outcome.latency_ms, MILLISECOND_DECIMALS),
            answer=None if outcome.answer is None else _answer(outcome.answer),
            error=None if failure is None else wire.ReasoningError(kind=failure.kind.value, message=failure.message),
        )
    except ValidationError as error:
        raise _broken(outcome.request_id, error) from error


def partial_content(partial: PartialAnswer, *, source: str) -> wire.ReasoningPartialContent:
    """What is published about an answer that is being made.

    Raises:
        MessageError: a value breaks the wire schema.
    """
    try:
        return wire.ReasoningPartialContent(
            source=source,
            frame_id=partial.frame_id,
            capture_unix_ns=partial.capture_unix_ns,
            capture_monotonic_ns=partial.capture_monotonic_ns,
            keyframe_id=partial.request_id,
            track_id=partial.track_id,
            step=partial.step,
            text=partial.text,
            part=partial.part,
        )
    except ValidationError as error:
        raise _broken(partial.request_id, error) from error


def reasoner_health(health: ReasonerHealth) -> wire.ReasonerHealth:
    """The reasoner's state as a health message says it."""
    return wire.ReasonerHealth(
        state=health.state.value,
        name=health.name,
        version=health.version,
        pid=health.pid,
        last_error=health.last_error,
        waiting=health.waiting,
        asked=health.asked,
        answered=health.answered,
        failed=health.failed,
        timed_out=health.timed_out,
        replaced=health.replaced,
        cancelled=health.cancelled,
        restarts=health.restarts,
        latency_ms=None if health.latency_ms is None else LatencyHealth(**health.latency_ms),
    )


def _broken(keyframe_id: int, error: ValidationError) -> MessageError:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    found = f"{error.title}.{where}: {first['msg']}, found {first['input']!r}"
    return MessageError(f"reasoning about keyframe {keyframe_id}: {found}")


def _answer(answer: ReasoningAnswer) -> wire.ReasoningAnswer:
    return wire.ReasoningAnswer(
        steps=tuple(
            wire.ReasoningStep(
                question=step.question,
                label=step.label,
                distribution=None
                if step.distribution is None
                else {label: _unit(share) for label, share in step.distribution.items()},
            )
            for step in answer.steps
        ),
        compound_label=answer.compound_label,
        text=answer.text,
        model=answer.model_name,
        version=answer.model_version,
        claims=tuple(
            wire.ReasoningClaim(
                kind=claim.kind.value,
                name=claim.name,
                code=claim.code,
                side=claim.side,
                intensity=claim.intensity,
                present=claim.present,
                grounding=claim.grounding.value,
                evidence=claim.evidence,
            )
            for claim in answer.claims
        ),
    )


def _evidence(evidence: KeyframeEvidence) -> wire.KeyframeEvidence:
    since_asked_s, change, quality_asked = evidence.since_asked_s, evidence.change, evidence.quality_asked
    return wire.KeyframeEvidence(
        in_view_s=_seconds(evidence.in_view_s),
        since_asked_s=None if since_asked_s is None else _seconds(since_asked_s),
        settled_s=_seconds(evidence.settled_s),
        waiting_s=_seconds(evidence.waiting_s),
        change=None if change is None else _unit(change),
        best_label=evidence.best_label,
        best_probability=_unit(evidence.best_probability),
        second_label=evidence.second_label,
        second_probability=_unit(evidence.second_probability),
        quality=_unit(evidence.quality),
        quality_asked=None if quality_asked is None else _unit(quality_asked),
    )


def _seconds(value: float) -> float:
    return round(max(0.0, value), SECOND_DECIMALS)


def _unit(value: float) -> float:
    """Into [0, 1]: float32 arithmetic may step over the edge."""
    return min(1.0, max(0.0, round(float(value), PROBABILITY_DECIMALS)))
