"""Stand-ins for clocks, sources and networks, shared by the tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from realtime_fer.expression.classifier import BatchEstimate
from realtime_fer.expression.face_crop import FaceCrop
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.sources.source import SourceState
from realtime_fer.types import FaceDetection, FaceTrack, Frame, ImageBgr


class FakeClock:
    """Time that stands still until told; waiting advances it."""

    def __init__(self, start_ns: int = 1_000_000_000) -> None:
        self.now_ns = start_ns
        self.waits_s: list[float] = []

    def monotonic_ns(self) -> int:
        return self.now_ns

    def unix_ns(self) -> int:
        return 1_700_000_000_000_000_000 + self.now_ns

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self.waits_s.append(timeout_s)
        self.now_ns += int(timeout_s * 1e9)
        return event.is_set()

    def advance(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


def make_frame(
    frame_id: int = 0, *, width: int = 64, height: int = 48, media_time_s: float | None = None, value: int = 90
) -> Frame:
    return Frame(
        frame_id=frame_id,
        image_bgr=np.full((height, width, 3), value, np.uint8),
        capture_monotonic_ns=1_000_000_000 + frame_id * 33_000_000,
        capture_unix_ns=1_700_000_000_000_000_000 + frame_id * 33_000_000,
        media_time_s=media_time_s,
        source_name="fake",
    )


def box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([x0, y0, x1, y1], np.float32)


class FakeSource:
    """Delivers the given frames, one `read` each; `fail_at` raises the given error there."""

    def __init__(self, frames: Sequence[Frame], *, is_live: bool = False, errors: dict[int, Exception] | None = None) -> None:
        self.name = "fake"
        self.is_live = is_live
        self.frame_count: int | None = len(frames)
        self.nominal_fps: float | None = 30.0
        self.state = SourceState.CONNECTING
        self.problem: str | None = None
        self.reconnects = 0
        self.frames_skipped = 0
        self.pictures_skipped = 0
        self.closed = threading.Event()
        self._frames = list(frames)
        self._errors = dict(errors or {})
        self._reads = 0

    def open(self) -> None:
        self.state = SourceState.ONLINE

    def read(self) -> Frame | None:
        if self.closed.is_set():
            return None
        error = self._errors.pop(self._reads, None)
        if error is not None:
            raise error
        if self._reads >= len(self._frames):
            self.state = SourceState.ENDED
            return None
        frame = self._frames[self._reads]
        self._reads += 1
        return frame

    def close(self) -> None:
        self.closed.set()


class HangingSource(FakeSource):
    """Reads that never return, as a driver's do; `close` does not wake them."""

    def __init__(self) -> None:
        super().__init__([], is_live=True)
        self.reading = threading.Event()
        self.release = threading.Event()

    def read(self) -> Frame | None:
        self.reading.set()
        self.release.wait()
        return None


class FakeDetector:
    """Says what it is told for each frame; counts its calls."""

    name = "fake-detector"

    def __init__(self, detections: Callable[[int], list[FaceDetection]] | None = None) -> None:
        self.last_model_ms = 1.0
        self.calls = 0
        self._detections = detections or (lambda _call: [FaceDetection(box(10, 10, 30, 30), 0.9)])

    def detect(self, image_bgr: ImageBgr) -> list[FaceDetection]:
        self.calls += 1
        return self._detections(self.calls - 1)


class FakeTracker:
    """Numbers detections by their place in the list."""

    def __init__(self) -> None:
        self.ended_track_ids: tuple[int, ...] = ()
        self.predictions = 0
        self._last: list[FaceTrack] = []

    def update(
        self, detections: Sequence[FaceDetection], capture_monotonic_ns: int, frame_width: int, frame_height: int
    ) -> list[FaceTrack]:
        before = {track.track_id for track in self._last}
        self._last = [
            FaceTrack(
                track_id=i + 1, bbox_xyxy=d.bbox_xyxy, confidence=d.confidence, detected=True, age_frames=1, missed_frames=0
            )
            for i, d in enumerate(detections)
        ]
        self.ended_track_ids = tuple(sorted(before - {track.track_id for track in self._last}))
        return self._last

    def predict(self, capture_monotonic_ns: int, frame_width: int, frame_height: int) -> list[FaceTrack]:
        self.predictions += 1
        self.ended_track_ids = ()
        return self._last


class FakeClassifier:
    """Gives each crop a distribution by its mean brightness; remembers the batches it saw."""

    name = "fake-classifier"
    labels: tuple[str, ...] = FERPLUS_LABELS
    crop_size_px = 16
    crop_margin = 0.1
    crop_grey = True

    def __init__(self, fail: Callable[[int], bool] = lambda _call: False) -> None:
        self.last_model_ms = 0.5
        self.batches: list[list[FaceCrop]] = []
        self._fail = fail

    def classify(self, crops: Sequence[FaceCrop]) -> BatchEstimate:
        if self._fail(len(self.batches)):
            self.batches.append([])
            raise RuntimeError("the network is broken")
        self.batches.append(list(crops))
        rows = np.full((len(crops), len(self.labels)), 0.05, np.float32)
        for row, crop in zip(rows, crops, strict=True):
            row[int(crop.mean()) % len(self.labels)] = 1 - 0.05 * (len(self.labels) - 1)
        return BatchEstimate(rows)
