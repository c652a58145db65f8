"""The tracker that everyone writes first: each face takes the nearest detection. It shows that the scored test can fail."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from realtime_fer.types import FaceDetection, FaceTrack


class NearestTracker:
    """Greedy nearest centre within one box size of the last place; forgets after `patience` missed frames."""

    def __init__(self, *, min_confidence: float = 0.35, patience: int = 5) -> None:
        self._min_confidence = min_confidence
        self._patience = patience
        self._boxes: dict[int, np.ndarray] = {}
        self._missed: dict[int, int] = {}
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
                self._missed[track_id] = 0
                continue
            self._missed[track_id] += 1
            if self._missed[track_id] > self._patience:
                del self._boxes[track_id], self._missed[track_id]
        for box in left:
            self._boxes[self._next_id], self._missed[self._next_id] = box, 0
            self._next_id += 1
        return self.predict(capture_monotonic_ns, frame_width, frame_height)

    def predict(self, capture_monotonic_ns: int, frame_width: int, frame_height: int) -> list[FaceTrack]:
        return [FaceTrack(number, box, 0.5, True, 0, 0) for number, box in self._boxes.items()]
