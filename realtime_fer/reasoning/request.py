"""One question about one face, as reasoners get it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from realtime_fer.errors import ShapeError
from realtime_fer.reasoning.keyframes.keyframe import ImageRgb, Keyframe, KeyframeReason, require_image_rgb


@dataclass(frozen=True, slots=True, eq=False)
class ReasoningRequest:
    """What a reasoner is asked.

    Attributes:
        request_id: of the keyframe; not used twice in a run.
        track_id, frame_id: whose face, on which frame.
        capture_monotonic_ns, capture_unix_ns: when that frame was grabbed.
        crop_rgb: uint8, shape (H, W, 3): the clean face with a margin.
        face_xyxy: the face's box in pixels of `crop_rgb`; a reasoner that learnt another margin cuts it here.
        probabilities: what the fast path made of it, by label, smoothed.
        reason: why it is asked.
        action_units: measured on the same picture, by code ("AU12"): the probability in [0, 1] that it is there; empty where
            nothing measures them.

    Raises:
        ShapeError: the crop is no RGB picture, or a probability is no number in [0, 1].
    """

    request_id: int
    track_id: int
    frame_id: int
    capture_monotonic_ns: int
    capture_unix_ns: int
    crop_rgb: ImageRgb
    face_xyxy: tuple[float, float, float, float]
    probabilities: Mapping[str, float]
    reason: KeyframeReason
    action_units: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        what = f"request {self.request_id}"
        require_image_rgb(self.crop_rgb, what)
        if not all(math.isfinite(value) for value in self.face_xyxy):
            raise ShapeError(f"{what}: face_xyxy: expected four finite numbers, found {self.face_xyxy}")
        require_shares(self.probabilities, f"{what}: probabilities")
        require_shares(self.action_units, f"{what}: action_units")

    @classmethod
    def about(cls, keyframe: Keyframe) -> ReasoningRequest:
        """The question a keyframe is worth."""
        probabilities = zip(keyframe.labels, keyframe.probabilities.tolist(), strict=True)
        return cls(
            request_id=keyframe.keyframe_id,
            track_id=keyframe.track_id,
            frame_id=keyframe.frame_id,
            capture_monotonic_ns=keyframe.capture_monotonic_ns,
            capture_unix_ns=keyframe.capture_unix_ns,
            crop_rgb=keyframe.crop_rgb,
            face_xyxy=keyframe.face_xyxy,
            probabilities={label: min(1.0, max(0.0, p)) for label, p in probabilities},
            reason=keyframe.reason,
        )


def require_shares(shares: Mapping[str, float], what: str) -> None:
    """Raise ShapeError unless every value is a number in [0, 1]."""
    for label, share in shares.items():
        if not 0.0 <= share <= 1.0:  # false for a not-a-number, too
            raise ShapeError(f"{what}: expected numbers in [0, 1], found {label} = {share}")
