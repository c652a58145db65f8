"""The wire schema: what every message says, field by field.

    Message = FrameMessage | TrackMessage | HealthMessage
            | ReasoningMessage | ReasoningPartialMessage | TrackReasoningMessage      told apart by `kind`

A message is an envelope (who sent it, when, and as which one of its topic) around content. The service makes
content; the envelope is put on when the message is published (stamping.py).

Versions: `schema_version` is "major.minor". A reader accepts its own major and any minor. A newer minor only adds
fields and kinds, so readers ignore fields they do not know: the models are not closed. All fields are always
present; what is not known is null. No number is ever NaN or infinite.

Versions so far: 1.0; 1.1 added the kind "reasoning" and health.reasoning; 1.2 the kinds "reasoning_partial" and
"track_reasoning", and the claims of answers.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from realtime_fer.publishing.envelope import (
    BoxXyxy,
    CaptureStamps,
    Count,
    Envelope,
    Finite,
    Label,
    LatencyHealth,
    Milliseconds,
    PointXy,
    Probability,
    SignedUnit,
    WireModel,
)
from realtime_fer.publishing.reasoning_message import (
    ReasonerHealth,
    ReasoningContent,
    ReasoningPartialContent,
    TrackReasoningContent,
)

SCHEMA_VERSION: Final = "1.2"
"""Raised in its minor when fields or kinds are added, in its major when a reader of the old ones would misread."""

FRAME_TOPIC: Final = "frame"
HEALTH_TOPIC: Final = "health"
REASONING_TOPIC: Final = "reasoning"
REASONING_PARTIAL_TOPIC: Final = "reasoning.partial"
FACE_REASONING_TOPIC_PREFIX: Final = "reasoning.face."
"""Followed by the track_id, as `FACE_TOPIC_PREFIX`."""
FACE_TOPIC_PREFIX: Final = "face."
"""Followed by the track_id: `face.7`. The prefix alone subscribes to every face."""


class ExpressionMessage(WireModel):
    """What a face expresses: the look of it, not what the person feels."""

    label: Label = Field(description='The expression with the largest smoothed probability, lower case, or "unknown".')
    confidence: Probability = Field(description='Smoothed probability of the label; of the likeliest class where "unknown".')
    probabilities: dict[Label, Probability] = Field(
        description="Calibrated probability of every class, smoothed over the track's time; they sum to 1."
    )
    probabilities_raw: dict[Label, Probability] = Field(description="The same from this frame alone.")
    valence: SignedUnit | None = Field(description="Unpleasant -1 to pleasant 1; null where the model does not say.")
    arousal: SignedUnit | None = Field(description="Calm -1 to excited 1; null where the model does not say.")
    valence_arousal_source: Literal["predicted", "projected"] | None = Field(
        description='"predicted" by the model, "projected" from the class probabilities, or null without them.'
    )
    model: str = Field(description="Name of the model; its sha256 is in the health message.")


class QualityMessage(WireModel):
    """How well one face can be seen."""

    score: Probability = Field(
        description="Of all together, the weakest part decides; expressions below the service's limit are unknown."
    )
    size_px: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = Field(description="Shorter side of the box, pixels.")
    sharpness: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = Field(
        description="Fine detail over contrast: 0 for an even surface, about 0.5 for a sharp face."
    )
    contrast: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = Field(
        description="Standard deviation of grey values, 0 to 127."
    )
    visible: Probability = Field(description="Share of the box inside the frame.")


class FaceMessage(WireModel):
    """One tracked face in one frame."""

    track_id: int = Field(ge=1, description="Stable while the face is tracked, not reused in a run.")
    bbox_xyxy: BoxXyxy = Field(description="Left, top, right, bottom in pixels of the captured frame; right, bottom exclusive.")
    detected: bool = Field(description="True: the detector saw it on this frame. False: the tracker predicts where it is.")
    detection_confidence: Probability = Field(description="The detector's score; of the last detection where predicted.")
    age_frames: Count = Field(description="Processed frames since the track began.")
    missed_frames: Count = Field(description="Processed frames since the last detection; 0 where detected.")
    landmarks_xy: Annotated[tuple[PointXy, ...], Field(min_length=5, max_length=5)] | None = Field(
        description="Eyes, nose tip, mouth corners in pixels of the captured frame; null without them."
    )
    quality: QualityMessage | None = Field(description="Null where nothing of the face is inside the frame.")
    expression: ExpressionMessage | None = Field(description="Null where the face could not be classified.")


class FrameContent(CaptureStamps):
    """Everything the service says about one processed frame."""

    media_time_s: Finite | None = Field(description="Position in a file, seconds; null for live sources.")
    width: int = Field(ge=1, description="Of the captured frame, pixels.")
    height: int = Field(ge=1, description="Of the captured frame, pixels.")
    detector_ran: bool = Field(description="False on frames where all boxes come from the tracker.")
    frames_dropped: Count = Field(description="Frames the service has dropped since its start, up to this one.")
    stage_ms: dict[str, Milliseconds] = Field(description="Milliseconds each stage took on this frame, by stage.")
    faces: tuple[FaceMessage, ...] = Field(description="Every tracked face, in order of track_id; empty where there is none.")


class TrackContent(CaptureStamps):
    """One face's turn: it came, it is still here, it went."""

    track_id: int = Field(ge=1, description="Also the end of the topic.")
    event: Literal["started", "updated", "ended"] = Field(description='"ended" is the last message of its topic.')
    face: FaceMessage | None = Field(description='Null where "ended".')


class SourceHealth(WireModel):
    """How the camera, file or stream is doing."""

    name: str = Field(description="Credentials removed.")
    state: str = Field(description="Name of the state the source is in.")
    reconnects: Count = Field(description="Times it was lost and opened again since the start.")


class StageHealth(WireModel):
    """How one worker of the pipeline is doing."""

    name: str = Field(description="The stage, as in stage_ms.")
    state: str = Field(description="Name of the state the stage is in.")
    restarts: Count = Field(description="Times it was restarted since the start.")
    last_error: str | None = Field(description="One line; null where nothing went wrong.")


class ModelHealth(WireModel):
    """Which model is loaded: enough to find its card and its licence."""

    name: str
    version: str | None
    sha256: str | None = Field(description="Of the model file, lower-case hexadecimal.")
    licence: str = Field(description="SPDX expression.")


class HealthContent(WireModel):
    """The state of the service; published at a fixed interval, so that it doubles as a heartbeat."""

    state: Literal["starting", "running", "degraded", "stopping", "failed"]
    uptime_s: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
    source: SourceHealth
    frames_captured: Count
    frames_processed: Count
    frames_dropped: Count
    dropped_by_cause: dict[str, Count] = Field(description="frames_dropped, split by why.")
    fps: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = Field(description="Processed frames per second, recently.")
    latency_ms: LatencyHealth | None = Field(
        description="Capture to publish over the recent frames; null before the first frame."
    )
    stages: tuple[StageHealth, ...]
    models: tuple[ModelHealth, ...]
    refused_connections: Count = Field(description="Connection attempts turned away since the start (keys, allow-list).")
    messages_published: Count = Field(description="Messages of all topics sent since the start, before this one.")
    heartbeat_interval_ms: Milliseconds = Field(description="A subscriber that hears no health for three of these is cut off.")
    # Publishers of 1.0 do not say it.
    reasoning: ReasonerHealth | None = Field(default=None, description="The slow path; null where no reasoner was asked for.")


class FrameMessage(FrameContent, Envelope):
    """Topic `frame`: one message for every processed frame, with all its faces."""

    kind: Literal["frame"]


class TrackMessage(TrackContent, Envelope):
    """Topic `face.<track_id>`: one face on its own."""

    kind: Literal["track"]


class ReasoningMessage(ReasoningContent, Envelope):
    """Topic `reasoning`: what a reasoner said about one face of one moment, or why it said nothing."""

    kind: Literal["reasoning"]


class ReasoningPartialMessage(ReasoningPartialContent, Envelope):
    """Topic `reasoning.partial`: the words of an answer that is being made. Passing: see `is_passing`."""

    kind: Literal["reasoning_partial"]


class TrackReasoningMessage(TrackReasoningContent, Envelope):
    """Topic `reasoning.face.<track_id>`: the last answer about one face, until its track ends."""

    kind: Literal["track_reasoning"]


class HealthMessage(HealthContent, Envelope):
    """Topic `health`: state of the service, and its heartbeat."""

    kind: Literal["health"]


Content = FrameContent | TrackContent | ReasoningContent | ReasoningPartialContent | TrackReasoningContent | HealthContent
Message = FrameMessage | TrackMessage | ReasoningMessage | ReasoningPartialMessage | TrackReasoningMessage | HealthMessage

MESSAGE_KINDS: Final[
    dict[
        str,
        type[FrameMessage]
        | type[TrackMessage]
        | type[ReasoningMessage]
        | type[ReasoningPartialMessage]
        | type[TrackReasoningMessage]
        | type[HealthMessage],
    ]
] = {
    "frame": FrameMessage,
    "track": TrackMessage,
    "reasoning": ReasoningMessage,
    "reasoning_partial": ReasoningPartialMessage,
    "track_reasoning": TrackReasoningMessage,
    "health": HealthMessage,
}
"""Every kind this version writes and reads."""


def is_last_of_topic(message: Message) -> bool:
    """True where nothing follows on the message's topic: the track has ended."""
    return isinstance(message, (TrackMessage, TrackReasoningMessage)) and message.event == "ended"


def is_passing(message: Message) -> bool:
    """True where the next message says again all that this one says: it may be lost before any other, and is not kept for late
    joiners."""
    return isinstance(message, ReasoningPartialMessage)
