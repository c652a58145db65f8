"""From what the user typed to a source: the only place that knows all kinds."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import SourceUnavailableError
from realtime_fer.sources.camera import CameraReader
from realtime_fer.sources.camera_list import describe_cameras, list_cameras
from realtime_fer.sources.credentials import is_url, without_credentials
from realtime_fer.sources.demo import DEFAULT_DEMO_FRAMES, DemoSource
from realtime_fer.sources.live_reader import LiveReader
from realtime_fer.sources.pictures import PictureSource, is_picture_path
from realtime_fer.sources.reconnect_policy import ReconnectPolicy
from realtime_fer.sources.reconnecting import ReconnectingSource
from realtime_fer.sources.source import Source
from realtime_fer.sources.stream import StreamReader
from realtime_fer.sources.video_file import VideoFileSource

logger = logging.getLogger(__name__)

SOURCE_KINDS = (
    'a camera index ("0"), a device (/dev/video0), a video file, a picture, a folder of pictures, '
    "an rtsp://, rtsps://, http:// or https:// address, or demo"
)
"""For help texts and errors."""

STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https")

RECORDING_SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm", ".wmv"})
"""An HTTP address that ends so is a recording with an end, not a camera."""


def open_source(
    spec: str,
    *,
    every_frame: bool = False,
    loop: bool = False,
    width: int | None = None,
    height: int | None = None,
    fps: float | None = None,
    clock: Clock | None = None,
    reconnect: ReconnectPolicy | None = None,
    wait_for_source: bool = False,
) -> Source:
    """The source that `spec` names; built, not opened.

    "0" and "demo" are a camera and the demo even where files of that name exist; "./0" and "./demo" are the files.

    Args:
        spec: one of `SOURCE_KINDS`; "demo:N" gives N frames, "demo:0" goes on for ever.
        every_frame: files and demo: handle every frame as fast as possible, instead of playing at their own pace.
            Cameras and streams cannot wait; for them it is ignored with a warning.
        loop: files, pictures and demo: start again at the end.
        width, height: asked of a camera.
        fps: asked of a camera; for pictures, the rate their media times assume.
        clock: used for every stamp, pause and time limit.
        reconnect: time limits of cameras and streams.
        wait_for_source: cameras and streams: go on trying where the first opening fails.

    Raises:
        SourceUnavailableError: no such kind, or nothing of that name.
    """
    used_clock: Clock = clock if clock is not None else SystemClock()

    def live(make_reader: Callable[[], LiveReader]) -> Source:
        if every_frame or loop:
            logger.warning("%s is live: every-frame and loop are for files and are ignored", without_credentials(spec))
        name = without_credentials(spec)
        return ReconnectingSource(name, make_reader, policy=reconnect, wait_for_source=wait_for_source, clock=used_clock)

    if re.fullmatch(r"demo(:\d+)?", spec):
        _, _, length = spec.partition(":")
        frames = int(length) if length else DEFAULT_DEMO_FRAMES
        return DemoSource(frames, every_frame=every_frame, loop=loop, clock=used_clock)
    if re.fullmatch(r"\d{1,3}", spec) or spec.startswith("/dev/"):
        device: int | str = int(spec) if spec.isdecimal() else spec
        return live(lambda: CameraReader(device, width=width, height=height, fps=fps, clock=used_clock))
    if is_url(spec):
        _require_known_scheme(spec)
        if _is_recording(spec):
            return VideoFileSource(spec, every_frame=every_frame, loop=loop, clock=used_clock)
        return live(lambda: StreamReader(spec, clock=used_clock))
    path = Path(spec).expanduser()
    if spec and (path.is_dir() or (path.is_file() and is_picture_path(path))):
        return PictureSource(path, loop=loop, fps=fps, clock=used_clock)
    if path.is_file():
        return VideoFileSource(path, every_frame=every_frame, loop=loop, clock=used_clock)
    raise SourceUnavailableError(
        f"source {spec!r}: {_what_is_there(path)}; a source is {SOURCE_KINDS}; "
        f"cameras found: {describe_cameras(list_cameras())}"
    )


def _require_known_scheme(url: str) -> None:
    scheme = url.partition("://")[0].lower()
    if scheme not in STREAM_SCHEMES:
        raise SourceUnavailableError(
            f"source {without_credentials(url)!r}: {scheme}:// is not read here; a source is {SOURCE_KINDS}"
        )


def _is_recording(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme.lower() in ("http", "https") and Path(parts.path).suffix.lower() in RECORDING_SUFFIXES


def _what_is_there(path: Path) -> str:
    if not path.name and not path.is_absolute():
        return "nothing was named"
    if not path.exists():
        return f"there is no file or folder of that name in {Path.cwd()}" if not path.is_absolute() else "there is no such file"
    return "it is neither a file nor a folder"
