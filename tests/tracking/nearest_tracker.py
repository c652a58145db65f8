"""The tracker that everyone writes first: each face takes the nearest detection. It shows that the scored test can fail."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from realtime_fer.types import FaceDetection, FaceTrack


class NearestTracker:
    """Greedy nearest centre within one box size of the last place; as patient as ours: publishes a missed face where it
    was for 0.4 s, and forgets it after 1 s."""

    def __init__(self, *, min_confidence: float = 0.4) -> None:
        self._min_confidence = min_confidence
        self._boxes: dict[int, np.ndarray] = {}
        self._seen_ns: dict[int, int] = {}
        self._next_id = 1
        self.ended_track_ids: tuple[int, ...] = ()

    def update(
        self, detections: Sequence[FaceDetection], capture_monotonic_ns: int, frame_width: int, frame_height: int
    ) -> list[FaceTrack]:
        left = [d.bbox_xyxy for d in detections if d.confidence >= self._min_confidence]
        for track_id in list(self._boxes):
            box = self._boxes[track_id]
            distances = [float(np.hypot(*(box[:2] + box[2:] - other[:2] - other[2:]))) / 2 for other in left]
            if distances and min(distances) < box[2] - box[0]:
                self._boxes[track_id] = left.pop(int(np.argmin(distances)))
                self._seen_ns[track_id] = capture_monotonic_ns
            elif capture_monotonic_ns - self._seen_ns[track_id] > 1e9:
                del self._boxes[track_id], self._seen_ns[track_id]
        for box in left:
            self._boxes[self._next_id], self._seen_ns[self._next_id] = box, capture_monotonic_ns
            self._next_id += 1
        return self.predict(capture_monotonic_ns, frame_width, frame_height)

    def predict(self, capture_monotonic_ns: int, frame_width: int, frame_height: int) -> list[FaceTrack]:
        return [
            FaceTrack(number, box, 0.5, True, 0, 0)
            for number, box in self._boxes.items()
            if capture_monotonic_ns - self._seen_ns[number] <= 0.4e9
        ]
