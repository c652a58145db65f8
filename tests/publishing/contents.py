"""Results and contents to publish, small and the same every time."""

from __future__ import annotations

import numpy as np

from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.publishing.conversion import frame_content
from realtime_fer.publishing.envelope import LatencyHealth
from realtime_fer.publishing.message import FrameContent, HealthContent, SourceHealth, TrackContent
from realtime_fer.publishing.reasoning_message import (
    KeyframeEvidence,
    ReasonerHealth,
    ReasoningAnswer,
    ReasoningClaim,
    ReasoningContent,
    ReasoningError,
    ReasoningPartialContent,
    ReasoningStep,
    TrackReasoningContent,
)
from realtime_fer.types import ExpressionEstimate, FaceTrack, Frame, FrameResult, TrackedExpression

MODEL = "tiny-expression"


def estimate(likeliest: int = 1, *, label: str | None = None) -> ExpressionEstimate:
    probabilities = np.full(8, 0.05, np.float32)
    probabilities[likeliest] = 0.65
    raw = np.full(8, 0.1, np.float32)
    raw[likeliest] = 0.3
    return ExpressionEstimate(
        labels=FERPLUS_LABELS,
        probabilities_raw=raw,
        probabilities=probabilities,
        label=label or FERPLUS_LABELS[likeliest],
        valence=0.5,
        arousal=-0.25,
        valence_arousal_source="projected",
    )


def track(track_id: int = 1) -> FaceTrack:
    return FaceTrack(
        track_id=track_id,
        bbox_xyxy=np.array([10.123456, 20.0, 50.5, 60.25], np.float32),
        confidence=0.875,
        detected=True,
        age_frames=3,
        missed_frames=0,
        landmarks_xy=np.arange(10, dtype=np.float32).reshape(5, 2),
    )


def result(frame_id: int = 0, *, faces: int = 1) -> FrameResult:
    frame = Frame(
        frame_id=frame_id,
        image_bgr=np.zeros((48, 64, 3), np.uint8),
        capture_monotonic_ns=5_000_000_000 + frame_id,
        capture_unix_ns=1_700_000_000_000_000_000 + frame_id,
        media_time_s=frame_id / 25,
        source_name="clip.mp4",
    )
    return FrameResult(
        frame=frame,
        faces=tuple(TrackedExpression(track(i + 1), estimate(i % 8)) for i in range(faces)),
        stage_ms={"detect": 4.25, "classify": 1.5},
        frames_dropped=2,
    )


def frame(frame_id: int = 0, *, faces: int = 1) -> FrameContent:
    return frame_content(result(frame_id, faces=faces), expression_model=MODEL)


def turn(event: str = "updated", *, track_id: int = 1, frame_id: int = 0) -> TrackContent:
    shown = frame(frame_id, faces=track_id)
    return TrackContent.model_validate(
        {
            "source": shown.source,
            "frame_id": frame_id,
            "capture_unix_ns": shown.capture_unix_ns,
            "capture_monotonic_ns": shown.capture_monotonic_ns,
            "track_id": track_id,
            "event": event,
            "face": None if event == "ended" else shown.faces[-1],
        }
    )


def health() -> HealthContent:
    return HealthContent(
        state="running",
        uptime_s=12.5,
        source=SourceHealth(name="camera 0", state="online", reconnects=1),
        frames_captured=100,
        frames_processed=90,
        frames_dropped=10,
        dropped_by_cause={"newer frame": 10},
        fps=29.5,
        latency_ms=None,
        stages=(),
        models=(),
        refused_connections=0,
        messages_published=400,
        heartbeat_interval_ms=1000.0,
    )


def reasoning(*, track_id: int = 1, keyframe_id: int = 4, error: str | None = None) -> ReasoningContent:
    answer = ReasoningAnswer(
        steps=(
            ReasoningStep(question="primary", label="Sadness", distribution={"Sadness": 0.75, "Fear": 0.25}),
            ReasoningStep(question="secondary", label="Fear", distribution=None),
        ),
        compound_label="Sadly Fearful",
        text="The face looks sadly fearful: sadness (75%) first, then fear.",
        model="chain",
        version="0.1",
        claims=(
            ReasoningClaim(
                kind="expression",
                name="sadness",
                code=None,
                side=None,
                intensity=None,
                present=True,
                grounding="agree",
                evidence="fast path: sadness 0.50",
            ),
        ),
    )
    return ReasoningContent(
        source="clip.mp4",
        frame_id=7,
        capture_unix_ns=1_700_000_000_000_000_007,
        capture_monotonic_ns=5_000_000_007,
        keyframe_id=keyframe_id,
        track_id=track_id,
        reason="mixed",
        evidence=KeyframeEvidence(
            in_view_s=9.5,
            since_asked_s=3.25,
            settled_s=0.5,
            waiting_s=0.0,
            change=0.625,
            best_label="sadness",
            best_probability=0.5,
            second_label="fear",
            second_probability=0.375,
            quality=0.875,
            quality_asked=0.75,
        ),
        asked_unix_ns=1_700_000_000_100_000_007,
        asked_monotonic_ns=5_100_000_007,
        answered_unix_ns=1_700_000_000_400_000_007,
        answered_monotonic_ns=5_400_000_007,
        latency_ms=300.0,
        answer=None if error else answer,
        error=ReasoningError(kind=error, message="no answer within 60 s, killed") if error else None,
    )


def reasoner_health(state: str = "busy", last_error: str | None = None) -> ReasonerHealth:
    return ReasonerHealth(
        state=state,
        name="chain",
        version="0.1",
        pid=4711,
        last_error=last_error,
        waiting=1,
        asked=9,
        answered=4,
        failed=1,
        timed_out=1,
        replaced=1,
        cancelled=1,
        restarts=1,
        latency_ms=LatencyHealth(p50=300.0, p95=410.0, p99=420.0),
    )


def partial(text: str = "The face", *, track_id: int = 1, keyframe_id: int = 4, part: int = 0) -> ReasoningPartialContent:
    return ReasoningPartialContent(
        source="clip.mp4",
        frame_id=7,
        capture_unix_ns=1_700_000_000_000_000_007,
        capture_monotonic_ns=5_000_000_007,
        keyframe_id=keyframe_id,
        track_id=track_id,
        step="primary",
        text=text,
        part=part,
    )


def track_reasoning(event: str = "answered", *, track_id: int = 1, keyframe_id: int = 4) -> TrackReasoningContent:
    said = reasoning(track_id=track_id, keyframe_id=keyframe_id)
    is_over = event == "ended"
    return TrackReasoningContent.model_validate(
        {
            "source": said.source,
            "frame_id": said.frame_id,
            "capture_unix_ns": said.capture_unix_ns,
            "capture_monotonic_ns": said.capture_monotonic_ns,
            "track_id": track_id,
            "event": event,
            "keyframe_id": None if is_over else keyframe_id,
            "reason": None if is_over else said.reason,
            "answer": None if is_over else said.answer,
        }
    )
