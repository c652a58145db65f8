from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest

from realtime_fer.errors import SourceLostError
from realtime_fer.sources.opencv_capture import (
    MAX_BAD_PICTURES,
    PictureGrabber,
    announced_fps,
    announced_frames,
    open_capture,
    quieten_opencv,
)

from .fakes import FakeCapture, SteppingClock, write_video

PICTURE = np.full((2, 2, 3), 9, np.uint8)


def as_capture(fake: FakeCapture) -> cv2.VideoCapture:
    return cast(cv2.VideoCapture, fake)


def test_a_real_file_opens_and_tells_rate_and_length(tmp_path: Path) -> None:
    capture = open_capture(str(write_video(tmp_path / "a.avi", 12, fps=10)), cv2.CAP_FFMPEG)
    assert capture is not None
    assert announced_fps(capture) == pytest.approx(10)
    assert announced_frames(capture) == 12
    capture.release()


def test_what_does_not_open_is_none_and_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.mp4").write_text("no video at all")
    assert open_capture(str(tmp_path / "text.mp4"), cv2.CAP_FFMPEG) is None
    assert open_capture(str(tmp_path / "absent.mp4"), cv2.CAP_FFMPEG) is None
    assert capfd.readouterr().err == ""


def test_the_users_own_log_setting_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    set_levels: list[int] = []
    monkeypatch.setattr(cv2.utils.logging, "setLogLevel", set_levels.append)
    monkeypatch.setenv("OPENCV_LOG_LEVEL", "INFO")
    monkeypatch.setenv("OPENCV_FFMPEG_LOGLEVEL", "32")
    quieten_opencv()
    assert set_levels == []
    assert os.environ["OPENCV_FFMPEG_LOGLEVEL"] == "32"
    monkeypatch.delenv("OPENCV_LOG_LEVEL")
    quieten_opencv()
    assert len(set_levels) == 1


@pytest.mark.parametrize(("fps", "expected"), [(25.0, 25.0), (0.0, None), (-1.0, None), (math.nan, None), (90000.0, None)])
def test_implausible_rates_are_unknown(fps: float, expected: float | None) -> None:
    assert announced_fps(as_capture(FakeCapture([], {cv2.CAP_PROP_FPS: fps}))) == expected


@pytest.mark.parametrize(("count", "expected"), [(98.0, 98), (0.0, None), (-9.2e18, None), (math.nan, None), (1e15, None)])
def test_implausible_lengths_are_unknown(count: float, expected: int | None) -> None:
    assert announced_frames(as_capture(FakeCapture([], {cv2.CAP_PROP_FRAME_COUNT: count}))) == expected


def test_pictures_are_stamped_between_grab_and_retrieve() -> None:
    clock = SteppingClock()

    class SlowCapture(FakeCapture):
        def grab(self) -> bool:
            clock.advance(1.0)
            return super().grab()

        def retrieve(self) -> Any:
            clock.advance(0.5)
            return super().retrieve()

    start_ns = clock.now_ns
    grabbed = PictureGrabber(as_capture(SlowCapture([PICTURE])), "cam", clock).grab()
    assert grabbed is not None
    assert grabbed.capture_monotonic_ns == start_ns + 1_000_000_000
    assert grabbed.capture_unix_ns - grabbed.capture_monotonic_ns == 1_700_000_000_000_000_000


def test_pictures_of_other_kinds_become_bgr() -> None:
    capture = FakeCapture([np.full((3, 5), 40, np.uint8), np.full((3, 5, 4), 257, np.uint16)])
    grabber = PictureGrabber(as_capture(capture), "cam", SteppingClock())
    first, second = grabber.grab(), grabber.grab()
    assert first is not None
    assert second is not None
    assert first.image_bgr.shape == second.image_bgr.shape == (3, 5, 3)
    assert first.image_bgr[0, 0].tolist() == [40, 40, 40]
    assert second.image_bgr[0, 0].tolist() == [1, 1, 1]


def test_undecodable_pictures_are_skipped_and_counted() -> None:
    bad_shape = np.zeros((2, 2, 2), np.uint8)
    grabber = PictureGrabber(as_capture(FakeCapture([None, cv2.error("broken"), bad_shape, PICTURE])), "cam", SteppingClock())
    grabbed = grabber.grab()
    assert grabbed is not None
    np.testing.assert_array_equal(grabbed.image_bgr, PICTURE)
    assert grabber.pictures_skipped == 3
    assert grabber.grab() is None


def test_nothing_but_undecodable_pictures_is_a_loss() -> None:
    grabber = PictureGrabber(as_capture(FakeCapture([None] * (MAX_BAD_PICTURES + 5))), "cam", SteppingClock())
    with pytest.raises(SourceLostError, match="cam: 30 pictures in a row"):
        grabber.grab()
