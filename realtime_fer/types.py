"""What the rooms hand to each other. Each type checks its own shapes and is never changed after it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ShapeError

ImageBgr = npt.NDArray[np.uint8]
"""uint8, shape (H, W, 3), blue-green-red as OpenCV reads it."""

FloatArray = npt.NDArray[np.float32]


def require_image_bgr(image: npt.NDArray[np.generic], what: str) -> None:
    """Raise ShapeError unless `image` is uint8 with shape (H, W, 3) and at least one pixel."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ShapeError(f"{what}: expected uint8 BGR of shape (H, W, 3), found {image.dtype} of shape {image.shape}")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture and when it was taken.

    Attributes:
        frame_id: counts every frame the source delivered, from 0, dropped ones included; never reused in a run.
        image_bgr: uint8, shape (H, W, 3). Nobody draws on it.
        capture_monotonic_ns: stamped at the grab, before any conversion; for latency on this machine.
        capture_unix_ns: stamped at the same moment; for other machines.
        media_time_s: position in a file, seconds; None for live sources.
        source_name: which source, credentials removed.
    """

    frame_id: int
    image_bgr: ImageBgr
    capture_monotonic_ns: int
    capture_unix_ns: int
    media_time_s: float | None = None
    source_name: str = ""

    def __post_init__(self) -> None:
        require_image_bgr(self.image_bgr, f"frame {self.frame_id}")

    @property
    def timeline_ns(self) -> int:
        """Time for everything that asks "how long between two frames": a file's own, or the clock of a live source.

        So a file gives the same tracks and the same smoothing however fast it is read.
        """
        return self.capture_monotonic_ns if self.media_time_s is None else round(self.media_time_s * 1e9)

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.image_bgr.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.image_bgr.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class FaceDetection:
    """One face a detector found.

    Attributes:
        bbox_xyxy: float32, shape (4,), pixels of the captured frame, right and bottom exclusive.
        confidence: the detector's score in [0, 1].
        landmarks_xy: float32, shape (5, 2): eyes, nose tip, mouth corners; None where the detector has none.
    """

    bbox_xyxy: FloatArray
    confidence: float
    landmarks_xy: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.bbox_xyxy.shape != (4,):
            raise ShapeError(f"bbox_xyxy: expected shape (4,), found {self.bbox_xyxy.shape}")
        if self.landmarks_xy is not None and self.landmarks_xy.shape != (5, 2):
            raise ShapeError(f"landmarks_xy: expected shape (5, 2), found {self.landmarks_xy.shape}")


@dataclass(frozen=True, slots=True, eq=False)
class FaceTrack:
    """One person's face as followed over frames.

    Attributes:
        track_id: from 1, stable while tracked, not reused in a run.
        bbox_xyxy: float32, shape (4,), pixels of the captured frame; predicted where `detected` is False.
        confidence: score of the detection the box comes from, in [0, 1]; the last one where predicted.
        detected: True where the detector saw the face on this very frame.
        age_frames: processed frames since the track began.
        missed_frames: processed frames since the last detection; 0 where `detected`.
        landmarks_xy: float32, shape (5, 2), only where `detected` and the detector gives them.
    """

    track_id: int
    bbox_xyxy: FloatArray
    confidence: float
    detected: bool
    age_frames: int
    missed_frames: int
    landmarks_xy: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.bbox_xyxy.shape != (4,):
            raise ShapeError(f"bbox_xyxy: expected shape (4,), found {self.bbox_xyxy.shape}")


@dataclass(frozen=True, slots=True, eq=False)
class ExpressionEstimate:
    """What one face expresses.

    Attributes:
        labels: names of the classes, in the model's order.
        probabilities_raw: float32, shape (C,), calibrated, of this frame alone.
        probabilities: float32, shape (C,), the same smoothed over the track's time.
        label: the class with the largest smoothed probability, or "unknown".
        valence, arousal: in [-1, 1]; None where the model does not predict them.
        valence_arousal_source: "predicted" by the model, "projected" from class probabilities, or None.
    """

    labels: tuple[str, ...]
    probabilities_raw: FloatArray
    probabilities: FloatArray
    label: str
    valence: float | None = None
    arousal: float | None = None
    valence_arousal_source: str | None = None

    def __post_init__(self) -> None:
        expected = (len(self.labels),)
        if self.probabilities.shape != expected or self.probabilities_raw.shape != expected:
            raise ShapeError(
                f"expression: {len(self.labels)} labels but probabilities of shapes "
                f"{self.probabilities_raw.shape} (raw) and {self.probabilities.shape}"
            )


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """How well a face can be seen.

    Attributes:
        score: of all together, in [0, 1]; the weakest part decides.
        size_px: shorter side of the box, pixels of the captured frame.
        sharpness: fine detail over contrast, 0 for an even surface; about 0.5 for a sharp face.
        contrast: standard deviation of the grey values, 0 to 127.
        visible: share of the box that lies inside the frame, in [0, 1].
    """

    score: float
    size_px: float
    sharpness: float
    contrast: float
    visible: float


@dataclass(frozen=True, slots=True, eq=False)
class MotionMask:
    """Where an expression moves a face.

    Attributes:
        heat: float32, shape (S, S), in [0, 1].
        left, top, side: the square of the captured frame it lies on, pixels; may reach over the border.
    """

    heat: FloatArray
    left: int
    top: int
    side: int


@dataclass(frozen=True, slots=True, eq=False)
class TrackedExpression:
    """One tracked face with what it expresses.

    `expression` and `quality` are None where nothing of it could be cut, `expression` also where the classifier's outputs
    are no numbers; only some classifiers give a motion mask.
    """

    track: FaceTrack
    expression: ExpressionEstimate | None
    quality: FaceQuality | None = None
    motion_mask: MotionMask | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """Everything the fast path says about one processed frame.

    Attributes:
        frame: the frame itself, still clean.
        faces: one entry a track, in order of `track_id`.
        ended_track_ids: tracks that ended with this frame; their ids will not come back.
        stage_ms: milliseconds each stage took on this frame, by stage name.
        frames_dropped: frames the service has dropped since the start, up to this one.
        detector_ran: False on frames where boxes come from the tracker alone.
    """

    frame: Frame
    faces: tuple[TrackedExpression, ...]
    ended_track_ids: tuple[int, ...] = ()
    stage_ms: Mapping[str, float] = field(default_factory=dict)
    frames_dropped: int = 0
    detector_ran: bool = True
