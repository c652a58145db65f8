from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.errors import SourceLostError, SourceUnavailableError
from realtime_fer.sources import camera
from realtime_fer.sources.camera import CameraReader

from .fakes import FakeCapture, SteppingClock

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="device nodes are Linux's")

ABSENT = 987
"""No machine has so many cameras."""


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    """A /dev with one camera node."""
    (tmp_path / f"video{ABSENT}").touch()
    return tmp_path


def with_capture(monkeypatch: pytest.MonkeyPatch, capture: FakeCapture) -> list[tuple[object, int]]:
    """Make every opening give `capture`; the list fills with what was opened."""
    opened: list[tuple[object, int]] = []

    def fake_open(target: object, backend: int) -> FakeCapture:
        opened.append((target, backend))
        return capture

    monkeypatch.setattr(camera, "open_capture", fake_open)
    return opened


@on_linux
def test_a_camera_that_is_not_there_is_named_with_what_is(dev: Path) -> None:
    with pytest.raises(SourceUnavailableError) as error:
        CameraReader(3, dev_root=dev).open()
    assert f"camera 3: {dev}/video3 does not exist" in str(error.value)
    assert f"cameras found: {dev}/video{ABSENT}" in str(error.value)
    assert "v4l2-ctl" in str(error.value)
    assert "\n" not in str(error.value)


@on_linux
def test_a_path_that_is_not_there() -> None:
    with pytest.raises(SourceUnavailableError, match=r"camera /dev/video987: /dev/video987 does not exist"):
        CameraReader(f"/dev/video{ABSENT}").open()


@on_linux
def test_missing_permission_says_which_group(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(SourceUnavailableError, match=r"no permission to use .*usermod -aG video"):
        CameraReader(ABSENT, dev_root=dev).open()


@on_linux
def test_a_node_that_does_not_open_suggests_another_process(dev: Path, capfd: pytest.CaptureFixture[str]) -> None:
    reader = CameraReader(str(dev / f"video{ABSENT}"), dev_root=dev)  # an ordinary file, really given to V4L2
    with pytest.raises(SourceUnavailableError, match=r"exists but does not open.*fuser -v"):
        reader.open()
    assert capfd.readouterr().err == ""


def test_pictures_come_stamped_and_the_device_is_released(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capture = FakeCapture([np.full((4, 6, 3), 50, np.uint8)], {cv2.CAP_PROP_FPS: 30})
    opened = with_capture(monkeypatch, capture)
    clock = SteppingClock()
    reader = CameraReader(ABSENT, clock=clock, dev_root=dev)
    reader.open()
    grabbed = reader.grab()
    assert grabbed.image_bgr.mean() == 50
    assert grabbed.capture_monotonic_ns == clock.now_ns
    assert reader.nominal_fps == 30
    with pytest.raises(SourceLostError, match=r"camera 987: .*unplugged"):
        reader.grab()
    reader.close()
    assert capture.released
    assert opened[0][0] == ABSENT
    if sys.platform.startswith("linux"):
        assert opened[0][1] == cv2.CAP_V4L2
    assert (cv2.CAP_PROP_BUFFERSIZE, 1) in capture.settings


def test_size_and_rate_are_asked_for_compressed_where_large(
    dev: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    given = {cv2.CAP_PROP_FRAME_WIDTH: 1280.0, cv2.CAP_PROP_FRAME_HEIGHT: 720.0, cv2.CAP_PROP_FPS: 10.0}
    capture = FakeCapture([], given)
    with_capture(monkeypatch, capture)
    CameraReader(ABSENT, width=1280, height=720, fps=30, dev_root=dev).open()
    asked = dict(capture.settings)
    assert asked[cv2.CAP_PROP_FRAME_WIDTH] == 1280
    assert asked[cv2.CAP_PROP_FRAME_HEIGHT] == 720
    assert asked[cv2.CAP_PROP_FPS] == 30
    assert asked[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")
    assert [record.getMessage() for record in caplog.records] == [
        "camera 987: asked for fps 30, it gives 10; try v4l2-ctl --list-formats-ext"
    ]


def test_a_small_size_leaves_the_format_to_the_camera(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capture = FakeCapture([], {cv2.CAP_PROP_FRAME_WIDTH: 640, cv2.CAP_PROP_FRAME_HEIGHT: 480})
    with_capture(monkeypatch, capture)
    CameraReader(ABSENT, width=640, height=480, dev_root=dev).open()
    assert cv2.CAP_PROP_FOURCC not in dict(capture.settings)
    assert cv2.CAP_PROP_FPS not in dict(capture.settings)


def test_grabbing_unopened_is_an_error_and_closing_is_not() -> None:
    reader = CameraReader(0)
    reader.close()
    with pytest.raises(SourceLostError, match="not open"):
        reader.grab()


@pytest.mark.camera
@pytest.mark.skipif("REALTIME_FER_CAMERA" not in os.environ, reason="set REALTIME_FER_CAMERA to a camera's index to use it")
def test_a_real_camera_gives_pictures() -> None:
    reader = CameraReader(int(os.environ["REALTIME_FER_CAMERA"]))
    reader.open()
    try:
        assert reader.grab().image_bgr.size > 0
    finally:
        reader.close()
