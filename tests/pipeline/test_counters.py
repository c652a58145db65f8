from __future__ import annotations

import pytest

from realtime_fer.pipeline.counters import Counters
from tests.fakes import FakeClock


def test_counts_frames_faces_and_causes() -> None:
    clock = FakeClock()
    counters = Counters(clock)
    counters.start()
    counters.captured()
    counters.captured(3)
    counters.dropped("newer-frame")
    counters.dropped("capture", 2)
    counters.dropped("capture", 0)
    counters.processed([1, 4])
    clock.advance(2)
    snapshot = counters.snapshot()
    assert (snapshot.frames_captured, snapshot.frames_processed, snapshot.frames_dropped) == (4, 1, 3)
    assert snapshot.dropped_by_cause == {"newer-frame": 1, "capture": 2}
    assert (snapshot.faces_total, snapshot.frames_with_face, snapshot.tracks_total) == (2, 1, 4)
    assert snapshot.duration_s == 2.0


def test_fps_is_count_over_span() -> None:
    clock = FakeClock()
    counters = Counters(clock)
    for _ in range(11):
        counters.processed([])
        clock.advance(0.05)
    assert counters.snapshot().fps == pytest.approx(20.0)
    clock.advance(10)
    # Nothing came for ten seconds: the recent rate falls, the whole run's does not.
    assert counters.snapshot().fps_recent < 2
    assert counters.snapshot().fps == pytest.approx(20.0)


def test_stages_are_kept_apart() -> None:
    counters = Counters()
    counters.stage("detect", 5.0)
    counters.stage("detect", 7.0)
    counters.stage("track", 1.0)
    assert {name: window.percentiles() for name, window in counters.stages.items()} == {
        "detect": {"p50": 6.0, "p95": 6.9, "p99": 6.98},
        "track": {"p50": 1.0, "p95": 1.0, "p99": 1.0},
    }
