"""A keyframe: one face of one frame that is worth a question, why, and the numbers behind that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ShapeError
from realtime_fer.types import FloatArray

ImageRgb = npt.NDArray[np.uint8]
"""uint8, shape (H, W, 3), red-green-blue as reasoners want it."""


class KeyframeReason(str, Enum):
    """Why a face is asked about; where several hold, the one that stands first here is named."""

    NEW_FACE = "new_face"
    """Never asked about, and its expression has settled."""
    EXPRESSION_CHANGED = "expression_changed"
    """It has settled on something else than what was asked about last."""
    MIXED = "mixed"
    """Two expressions other than neutral share the face, since after the last question."""
    UNCERTAIN = "uncertain"
    """No expression is likely, since after the last question."""
    BETTER_PICTURE = "better_picture"
    """The last question had a poor picture, and now there is a good one."""
    LONG_UNASKED = "long_unasked"
    """Nothing of the above for a long time."""


@dataclass(frozen=True, slots=True)
class KeyframeEvidence:
    """The numbers a decision was made on, at the time of the decision.

    Attributes:
        in_view_s: since the track was first classified.
        since_asked_s: since the last question about this track; None where this is the first.
        settled_s: for so long the smoothed probabilities have stayed where they are.
        waiting_s: since a reason first held; the budget and better turns of others went before.
        change: total variation distance, in [0, 1], of the smoothed probabilities from those at the last question; None
            where this is the first.
        best_label, best_probability: the likeliest class.
        second_label, second_probability: the next.
        quality: of the picture chosen, in [0, 1].
        quality_asked: of the picture of the last question; None where this is the first.
    """

    in_view_s: float
    since_asked_s: float | None
    settled_s: float
    waiting_s: float
    change: float | None
    best_label: str
    best_probability: float
    second_label: str
    second_probability: float
    quality: float
    quality_asked: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Keyframe:
    """A face to ask about.

    Everything but `decided_s` and `evidence` belongs to the frame the picture was taken from, which is a little older
    than the decision.

    Attributes:
        keyframe_id: counts the keyframes of a run, from 0.
        track_id, frame_id: whose face, on which frame.
        capture_monotonic_ns, capture_unix_ns: when that frame was grabbed.
        captured_s: the same on the source's time line (see `Frame.timeline_ns`).
        decided_s: when it was chosen, on the same line.
        reason, evidence: why.
        crop_rgb: uint8, shape (H, W, 3): a copy of the clean face with a margin; read-only.
        face_xyxy: the face's box in pixels of `crop_rgb`, for reasoners that want another margin.
        labels: names of the classes, in the classifier's order.
        probabilities: float32, shape (C,), smoothed.
    """

    keyframe_id: int
    track_id: int
    frame_id: int
    capture_monotonic_ns: int
    capture_unix_ns: int
    captured_s: float
    decided_s: float
    reason: KeyframeReason
    evidence: KeyframeEvidence
    crop_rgb: ImageRgb
    face_xyxy: tuple[float, float, float, float]
    labels: tuple[str, ...]
    probabilities: FloatArray

    def __post_init__(self) -> None:
        require_image_rgb(self.crop_rgb, f"keyframe {self.keyframe_id}")
        if self.probabilities.shape != (len(self.labels),):
            raise ShapeError(
                f"keyframe {self.keyframe_id}: {len(self.labels)} labels but probabilities of shape {self.probabilities.shape}"
            )


def require_image_rgb(image: npt.NDArray[np.generic], what: str) -> None:
    """Raise ShapeError unless `image` is uint8 with shape (H, W, 3) and at least one pixel."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ShapeError(f"{what}: expected a uint8 RGB crop of shape (H, W, 3), found {image.dtype} of shape {image.shape}")
