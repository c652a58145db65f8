from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime_fer.errors import SourceLostError, SourceUnavailableError
from realtime_fer.sources import choose
from realtime_fer.sources.choose import open_source
from realtime_fer.sources.demo import DemoSource
from realtime_fer.sources.pictures import PictureSource
from realtime_fer.sources.reconnect_policy import ReconnectPolicy
from realtime_fer.sources.reconnecting import ReconnectingSource
from realtime_fer.sources.source import SourceState
from realtime_fer.sources.video_file import VideoFileSource

from .fakes import SteppingClock, state_of, write_video


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object, dict[str, Any]]]:
    """What cameras and streams would have been read, instead of reading them."""
    made: list[tuple[str, object, dict[str, Any]]] = []

    def recording(kind: str) -> Any:
        class Reader:
            nominal_fps: float | None = None
            pictures_skipped = 0

            def __init__(self, what: object, **settings: Any) -> None:
                made.append((kind, what, settings))

            def open(self) -> None:
                raise SourceUnavailableError("not in this test")

            def close(self) -> None:
                pass

        return Reader

    monkeypatch.setattr(choose, "CameraReader", recording("camera"))
    monkeypatch.setattr(choose, "StreamReader", recording("stream"))
    return made


def refused(spec: str, **settings: Any) -> ReconnectingSource:
    source = open_source(spec, **settings)
    assert isinstance(source, ReconnectingSource)
    with pytest.raises(SourceUnavailableError, match="not in this test"):
        source.open()
    return source


@pytest.mark.parametrize(
    ("spec", "device"), [("0", 0), ("12", 12), ("/dev/video3", "/dev/video3"), ("/dev/v4l/x", "/dev/v4l/x")]
)
def test_cameras(readers: list[tuple[str, object, dict[str, Any]]], spec: str, device: object) -> None:
    clock = SteppingClock()
    source = refused(spec, width=800, height=600, fps=15, clock=clock)
    assert readers == [("camera", device, {"width": 800, "height": 600, "fps": 15, "clock": clock})]
    assert source.name == spec
    assert source.is_live


@pytest.mark.parametrize(
    "spec",
    [
        "rtsp://host/live",
        "rtsps://host/live",
        "http://host:81/stream",
        "https://host/a.mjpg",
        "RTSP://host/x",
        "rtsp://host/a.mp4",
    ],
)
def test_streams(readers: list[tuple[str, object, dict[str, Any]]], spec: str) -> None:
    source = refused(spec)
    assert [(kind, what) for kind, what, _ in readers] == [("stream", spec)]
    assert source.is_live


def test_names_never_hold_passwords(readers: list[tuple[str, object, dict[str, Any]]]) -> None:
    source = refused("rtsp://user:secret@host/live")
    assert source.name == "rtsp://user:***@host/live"
    assert readers[0][1] == "rtsp://user:secret@host/live"
    with pytest.raises(SourceUnavailableError) as error:
        open_source("ftp://user:secret@host/a.mp4")
    assert "secret" not in str(error.value)
    assert "ftp:// is not read here" in str(error.value)


def test_an_http_recording_is_a_file(tmp_path: Path) -> None:
    source = open_source("https://u:secret@host/films/A.MP4?size=2", every_frame=True)
    assert isinstance(source, VideoFileSource)
    assert source.name == "https://u:***@host/films/A.MP4?size=2"
    assert not source.is_live


def test_video_files(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", 3)
    paced = open_source(str(path))
    assert isinstance(paced, VideoFileSource)
    assert paced.is_live
    assert state_of(paced) is SourceState.CONNECTING
    whole = open_source(str(path), every_frame=True)
    assert not whole.is_live
    whole.open()
    assert len(list(iter(whole.read, None))) == 3
    looped = open_source(str(path), every_frame=True, loop=True)
    looped.open()
    assert looped.frame_count is None
    assert all(looped.read() is not None for _ in range(7))
    looped.close()


def test_pictures_and_folders(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((3, 3, 3), np.uint8))
    for spec in (tmp_path, tmp_path / "a.png"):
        source = open_source(str(spec), fps=5)
        assert isinstance(source, PictureSource)
        source.open()
        frame = source.read()
        assert frame is not None
        assert frame.media_time_s == 0
        assert source.read() is None


def test_paths_from_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_video(tmp_path / "a.avi", 1)
    assert open_source("~/a.avi").name == str(tmp_path / "a.avi")


@pytest.mark.parametrize(("spec", "frames"), [("demo", 300), ("demo:7", 7), ("demo:0", None)])
def test_demo(spec: str, frames: int | None) -> None:
    source = open_source(spec, every_frame=True)
    assert isinstance(source, DemoSource)
    assert source.frame_count == frames
    assert not source.is_live
    assert open_source(spec).is_live


def test_files_named_like_a_camera_or_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "0").mkdir()
    (tmp_path / "demo").mkdir()
    assert isinstance(open_source("0"), ReconnectingSource)
    assert isinstance(open_source("./0"), PictureSource)
    assert isinstance(open_source("demo"), DemoSource)
    assert isinstance(open_source("./demo"), PictureSource)


@pytest.mark.parametrize(
    "spec", ["nothing.mp4", "/nowhere/a.mp4", "-1", "", "webcam", "1234567", "demo:x", "/proc/self/fd/0/x"]
)
def test_unknown_things_are_told_what_a_source_is(spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceUnavailableError) as error:
        open_source(spec)
    message = str(error.value)
    assert repr(spec) in message
    for kind in ("camera index", "/dev/video0", "video file", "picture", "folder", "rtsp://", "demo", "cameras found: "):
        assert kind in message
    assert "\n" not in message


def test_live_sources_ignore_file_settings_aloud(
    readers: list[tuple[str, object, dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    assert open_source("rtsp://u:secret@host/x", every_frame=True).is_live
    assert "rtsp://u:***@host/x is live" in caplog.text
    caplog.clear()
    open_source("0")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_patience_is_passed_on(readers: list[tuple[str, object, dict[str, Any]]]) -> None:
    clock = SteppingClock()
    policy = ReconnectPolicy(max_attempts=2, first_delay_s=3.0, max_delay_s=4.0)
    source = open_source("0", reconnect=policy, wait_for_source=True, clock=clock)
    source.open()
    with pytest.raises(SourceLostError, match="given up after 2 attempts"):
        source.read()
    assert [wait for wait in clock.waits_s if wait in (3.0, 4.0)] == [3.0, 4.0]


def test_choosing_imports_neither_the_demo_packages_nor_anything_heavy() -> None:
    script = (
        "import sys; from realtime_fer.sources.choose import open_source; open_source('demo'); open_source('0'); "
        "print([m for m in ('skimage', 'matplotlib', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
