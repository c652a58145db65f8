"""What every tracker promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from realtime_fer.types import FaceDetection, FaceTrack


class Tracker(Protocol):
    """Gives faces an identity over time; used by one thread, fed in order of capture.

    Attributes:
        ended_track_ids: tracks that ended in the last call of `update` or `predict`; their ids do not come back.
    """

    @property
    def ended_track_ids(self) -> tuple[int, ...]: ...

    def update(
        self, detections: Sequence[FaceDetection], capture_monotonic_ns: int, frame_width: int, frame_height: int
    ) -> list[FaceTrack]:
        """Faces on a frame that the detector looked at, in order of `track_id`.

        Args:
            detections: in any order. Less sure ones may be among them: they can keep a track going, not begin one.
            capture_monotonic_ns: when the frame was taken.
            frame_width, frame_height: pixels.
        """
        ...

    def predict(self, capture_monotonic_ns: int, frame_width: int, frame_height: int) -> list[FaceTrack]:
        """Faces on a frame that the detector skipped, at their predicted places; this counts as a miss of nobody."""
        ...
