"""Results of a fast path that never ran: faces with the probabilities a test wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.types import (
    ExpressionEstimate,
    FaceQuality,
    FaceTrack,
    FloatArray,
    Frame,
    FrameResult,
    TrackedExpression,
)

GOOD = FaceQuality(score=1.0, size_px=100.0, sharpness=0.4, contrast=50.0, visible=1.0)


def quality(score: float = 1.0, *, size_px: float = 100.0, sharpness: float = 0.4) -> FaceQuality:
    return FaceQuality(score=score, size_px=size_px, sharpness=sharpness, contrast=50.0, visible=1.0)


def shares(**by_label: float) -> FloatArray:
    """Probabilities over the FER+ classes: the given ones, the rest spread evenly."""
    rest = (1.0 - sum(by_label.values())) / max(1, len(FERPLUS_LABELS) - len(by_label))
    return np.array([by_label.get(label, rest) for label in FERPLUS_LABELS], np.float32)


NEUTRAL = shares(neutral=0.95)
HAPPY = shares(happiness=0.95)
SAD = shares(sadness=0.95)
UNSURE = shares(neutral=0.4)
MIXED = shares(neutral=0.1, sadness=0.52, surprise=0.35)


def face(
    track_id: int,
    probabilities: FloatArray,
    *,
    seen: FaceQuality = GOOD,
    detected: bool = True,
    box: Sequence[float] | None = None,
) -> TrackedExpression:
    left = 10.0 + 20 * (track_id % 5)
    track = FaceTrack(
        track_id=track_id,
        bbox_xyxy=np.array(box or (left, 10, left + 20, 34), np.float32),
        confidence=0.9,
        detected=detected,
        age_frames=1,
        missed_frames=0,
    )
    return TrackedExpression(track, ExpressionEstimate(FERPLUS_LABELS, probabilities, probabilities, "unknown"), seen)


def result(
    time_s: float,
    faces: Mapping[int, FloatArray] | Sequence[TrackedExpression],
    *,
    ended: tuple[int, ...] = (),
    frame_id: int | None = None,
) -> FrameResult:
    """A frame of 128 x 64 pixels whose grey value counts its frames, so that a crop shows where it comes from."""
    number = round(time_s * 100) if frame_id is None else frame_id
    frame = Frame(
        frame_id=number,
        image_bgr=np.full((64, 128, 3), (number % 250, 7, 200), np.uint8),
        capture_monotonic_ns=5_000_000_000 + round(time_s * 1e9),
        capture_unix_ns=1_700_000_000_000_000_000 + round(time_s * 1e9),
        media_time_s=time_s,
    )
    if isinstance(faces, Mapping):
        faces = [face(track_id, probabilities) for track_id, probabilities in faces.items()]
    return FrameResult(frame=frame, faces=tuple(faces), ended_track_ids=ended)
