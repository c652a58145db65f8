"""What happened to every frame: processed, or dropped and why."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.pipeline.latency import DurationWindow

DROPPED_BY_NEWER = "newer-frame"
"""A newer frame took its place before it was processed."""
DROPPED_BY_CAPTURE = "capture"
"""The source moved on before the service read it."""
DROPPED_BY_ERROR = "processing-error"
"""A stage raised while handling it."""
DROPPED_BY_STOP = "stopping"
"""It was waiting when the service was told to stop."""

FPS_WINDOW = 60
"""Frames the live frame rate is taken over."""


@dataclass(frozen=True)
class CountersSnapshot:
    """Counts at one moment; captured = processed + dropped + at most the few under way."""

    frames_captured: int
    frames_processed: int
    frames_dropped: int
    dropped_by_cause: dict[str, int]
    faces_total: int
    frames_with_face: int
    tracks_total: int
    fps: float
    fps_recent: float
    duration_s: float


@dataclass
class Counters:
    """Counts of one run, safe to use from every thread."""

    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._captured = 0
        self._processed = 0
        self._dropped: Counter[str] = Counter()
        self._faces = 0
        self._frames_with_face = 0
        self._highest_track_id = 0
        self._started_ns: int | None = None
        self._first_done_ns: int | None = None
        self._last_done_ns: int | None = None
        self._recent_ns: list[int] = []
        self.latency = DurationWindow()
        self.stages: dict[str, DurationWindow] = {}

    def start(self) -> None:
        """The run begins now."""
        self._started_ns = self.clock.monotonic_ns()

    def captured(self, count: int = 1) -> None:
        """So many more frames came from the source (dropped ones included)."""
        with self._lock:
            self._captured += count

    def dropped(self, cause: str, count: int = 1) -> None:
        """So many frames will never be processed."""
        if count:
            with self._lock:
                self._dropped[cause] += count

    def processed(self, track_ids: list[int]) -> None:
        """One frame went all the way, with these faces."""
        now = self.clock.monotonic_ns()
        with self._lock:
            self._processed += 1
            self._faces += len(track_ids)
            self._frames_with_face += bool(track_ids)
            self._highest_track_id = max(self._highest_track_id, *track_ids, 0)
            self._first_done_ns = self._first_done_ns or now
            self._last_done_ns = now
            self._recent_ns.append(now)
            del self._recent_ns[:-FPS_WINDOW]

    def stage(self, name: str, duration_ms: float) -> None:
        """One duration of a stage."""
        window = self.stages.get(name)
        if window is None:
            window = self.stages.setdefault(name, DurationWindow())
        window.add(duration_ms)

    @property
    def frames_dropped(self) -> int:
        """So far, whatever the cause."""
        with self._lock:
            return self._dropped.total()

    def snapshot(self) -> CountersSnapshot:
        """All counts, of one moment."""
        now = self.clock.monotonic_ns()
        with self._lock:
            whole = _rate(self._processed, self._first_done_ns, self._last_done_ns)
            recent = _rate(len(self._recent_ns), self._recent_ns[0], now) if self._recent_ns else 0.0
            return CountersSnapshot(
                frames_captured=self._captured,
                frames_processed=self._processed,
                frames_dropped=self._dropped.total(),
                dropped_by_cause=dict(self._dropped),
                faces_total=self._faces,
                frames_with_face=self._frames_with_face,
                tracks_total=self._highest_track_id,
                fps=whole,
                fps_recent=recent,
                duration_s=0.0 if self._started_ns is None else (now - self._started_ns) / 1e9,
            )


def _rate(count: int, first_ns: int | None, last_ns: int | None) -> float:
    """Frames a second by count over span: cheap cameras come in bursts, so gaps are not averaged."""
    if count < 2 or first_ns is None or last_ns is None or last_ns <= first_ns:
        return 0.0
    return round((count - 1) / ((last_ns - first_ns) / 1e9), 3)
