"""One face that is being followed: its motion, its history, and what is said of it."""

from __future__ import annotations

import numpy as np

from realtime_fer.tracking.box_motion import BoxMotion
from realtime_fer.types import FaceDetection, FaceTrack

MIN_VISIBLE_SHARE = 0.25
"""A predicted box with less of it inside the frame has left; a detector would not see the face either."""


class FollowedFace:
    """What the tracker remembers of one face.

    Attributes:
        track_id: None until the face is believed.
        motion: where it is and how it moves.
        detected: seen by the detector on the present frame.
        sightings: detections so far.
        missing_since_ns: when the detector first looked and missed it; None while it was seen at the last look.
        last_sure_ns: last time of a sighting sure enough to begin a track.
        last_seen_ns: last time of any sighting.
    """

    __slots__ = (
        "_age_frames",
        "_detection",
        "_missed_frames",
        "detected",
        "last_seen_ns",
        "last_sure_ns",
        "missing_since_ns",
        "motion",
        "sightings",
        "track_id",
    )

    def __init__(self, detection: FaceDetection, now_ns: int) -> None:
        self.track_id: int | None = None
        self.motion = BoxMotion(*_centre_and_sides(detection))
        self.detected = True
        self.sightings = 1
        self.missing_since_ns: int | None = None
        self.last_sure_ns = now_ns
        self.last_seen_ns = now_ns
        self._detection = detection
        self._age_frames = 0
        self._missed_frames = 0

    def next_frame(self) -> None:
        """A further frame is being processed; nothing is known of it yet."""
        self._age_frames += 1
        self._missed_frames += 1
        self.detected = False

    def see(self, detection: FaceDetection, now_ns: int, *, sure: bool, noise_factor: float = 1.0) -> None:
        """The detector saw it on this frame."""
        self.motion.correct(*_centre_and_sides(detection), noise_factor=noise_factor)
        self.detected = True
        self.sightings += 1
        self.missing_since_ns = None
        self.last_seen_ns = now_ns
        if sure:
            self.last_sure_ns = now_ns
        self._detection = detection
        self._missed_frames = 0

    def miss(self, now_ns: int) -> None:
        """The detector looked at this frame and did not see it."""
        if self.missing_since_ns is None:
            self.missing_since_ns = now_ns

    def missing_s(self, now_ns: int) -> float:
        """Seconds since the detector first looked in vain; 0 while it sees the face."""
        return 0.0 if self.missing_since_ns is None else (now_ns - self.missing_since_ns) / 1e9

    def as_track(self, frame_width: int, frame_height: int) -> FaceTrack | None:
        """What is published of it: the filtered box clipped to the frame; None where it is not on the frame."""
        if self.track_id is None:
            return None
        x0, y0, x1, y1 = self.motion.xyxy()
        left, top = max(0.0, x0), max(0.0, y0)
        right, bottom = min(float(frame_width), x1), min(float(frame_height), y1)
        width, height = right - left, bottom - top
        if width <= 0 or height <= 0:
            return None
        if not self.detected and width * height < MIN_VISIBLE_SHARE * (x1 - x0) * (y1 - y0):
            return None
        return FaceTrack(
            track_id=self.track_id,
            bbox_xyxy=np.array((left, top, right, bottom), np.float32),
            confidence=self._detection.confidence,
            detected=self.detected,
            age_frames=self._age_frames,
            missed_frames=self._missed_frames,
            landmarks_xy=self._detection.landmarks_xy if self.detected else None,
        )


def _centre_and_sides(detection: FaceDetection) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = detection.bbox_xyxy.tolist()
    return 0.5 * (x0 + x1), 0.5 * (y0 + y1), x1 - x0, y1 - y0
