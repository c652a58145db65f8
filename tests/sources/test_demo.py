from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

from realtime_fer.errors import MissingExtraError, SourceUnavailableError
from realtime_fer.sources.demo import DEFAULT_DEMO_FRAMES, DemoSource
from realtime_fer.sources.source import SourceState
from realtime_fer.types import Frame

from .fakes import GENEROUS_S, FrozenClock, SteppingClock, state_of

pytest.importorskip("skimage")
pytest.importorskip("matplotlib")


def test_every_frame_without_waiting_then_the_end() -> None:
    clock = SteppingClock()
    source = DemoSource(4, every_frame=True, clock=clock)
    source.open()
    assert not source.is_live
    assert source.frame_count == 4
    assert source.nominal_fps == 30
    assert state_of(source) is SourceState.ONLINE
    frames = [source.read() for _ in range(5)]
    assert [None if frame is None else frame.frame_id for frame in frames] == [0, 1, 2, 3, None]
    assert frames[3] is not None
    assert frames[3].media_time_s == pytest.approx(0.1)
    assert frames[3].source_name == "demo"
    assert clock.waits_s == []
    assert state_of(source) is SourceState.ENDED
    assert source.read() is None


def test_two_runs_show_the_same() -> None:
    runs = []
    for _ in range(2):
        source = DemoSource(3, every_frame=True)
        source.open()
        runs.append([frame.image_bgr for frame in iter(source.read, None)])
    np.testing.assert_array_equal(runs[0], runs[1])


def test_paced_by_default_and_stamped_at_its_moments() -> None:
    clock = SteppingClock()
    source = DemoSource(4, clock=clock)
    source.open()
    assert source.is_live
    frames = list(iter(source.read, None))
    assert clock.waits_s == pytest.approx([1 / 30] * 3)
    stamps = np.array([frame.capture_monotonic_ns for frame in frames])
    np.testing.assert_allclose(np.diff(stamps) / 1e9, 1 / 30, atol=1e-6)


def test_moments_that_pass_unread_are_skipped_and_counted() -> None:
    clock = SteppingClock()
    source = DemoSource(100, clock=clock)
    source.open()
    source.read()
    clock.advance(1.01)
    frame = source.read()
    assert frame is not None
    assert frame.frame_id == 30
    assert source.frames_skipped == 29
    clock.advance(100)
    assert source.read() is None
    assert source.frames_skipped == 98  # of ids 0 to 99, two were read
    assert state_of(source) is SourceState.ENDED


def test_lengths() -> None:
    assert DemoSource().frame_count == DEFAULT_DEMO_FRAMES == 300
    assert DemoSource(0).frame_count is None
    assert DemoSource(5, loop=True).frame_count is None


def test_without_end() -> None:
    source = DemoSource(2, every_frame=True, loop=True)
    source.open()
    assert [frame.frame_id for _ in range(5) if (frame := source.read()) is not None] == [0, 1, 2, 3, 4]


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage.data", None)
    source = DemoSource()
    with pytest.raises(MissingExtraError, match=r"realtime-fer\[demo\]"):
        source.open()
    assert state_of(source) is SourceState.FAILED
    with pytest.raises(SourceUnavailableError, match=r"realtime-fer\[demo\]"):
        source.read()


def test_close_ends_a_pacing_wait() -> None:
    clock = FrozenClock()
    source = DemoSource(10, clock=clock)
    source.open()
    source.read()
    results: list[Frame | None] = []
    thread = threading.Thread(target=lambda: results.append(source.read()), daemon=True)
    thread.start()
    assert clock.waiting.wait(GENEROUS_S)
    source.close()
    source.close()
    thread.join(GENEROUS_S)
    assert results == [None]
    assert state_of(source) is SourceState.ENDED
    with pytest.raises(SourceUnavailableError, match="closed"):
        source.open()


def test_reading_unopened_is_an_error() -> None:
    with pytest.raises(SourceUnavailableError, match=r"open\(\) has not been called"):
        DemoSource().read()
