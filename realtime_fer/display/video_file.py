"""Write annotated frames to a video file."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2

from realtime_fer.errors import PublishingError
from realtime_fer.types import ImageBgr

FOURCC_BY_SUFFIX = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "MJPG"}
"""Codecs that OpenCV's own packages can encode on every system."""

MAX_REPEATS = 300
"""A gap longer than this many frames (ten seconds at 30 a second) is shortened: a stalled camera fills no disk."""

MIN_FREE_BYTES = 16 << 20
"""With less room on the disk recording ends. OpenCV does not say that a frame was not written, and a video that has no room for
its index at the end cannot be played at all."""


class VideoFile:
    """A video of constant frame rate made from frames at their own times.

    Where frames were dropped the last picture is repeated, so that the video keeps time. With `keep_time=False` every
    frame is written exactly once (files handled frame by frame).

    Args:
        path: .mp4, .avi or .mkv.
        fps: frames a second of the video.

    Raises:
        PublishingError: the suffix is unknown, the folder is missing, (at the first frame) the file cannot be written, or (at
            any frame) the disk is all but full.
    """

    def __init__(self, path: Path, *, fps: float, keep_time: bool) -> None:
        if path.suffix.lower() not in FOURCC_BY_SUFFIX:
            raise PublishingError(
                f"{path}: cannot record {path.suffix or 'a file without suffix'}; use {', '.join(FOURCC_BY_SUFFIX)}"
            )
        if not path.parent.is_dir():
            raise PublishingError(f"{path}: folder {path.parent} does not exist; create it first")
        _require_room(path)
        self._path = path
        self._fps = fps
        self._keep_time = keep_time
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._first_ns = 0
        self._last: ImageBgr | None = None
        self.frames_written = 0

    def write(self, image_bgr: ImageBgr, time_ns: int) -> None:
        """Add one picture taken at `time_ns`; a picture of another size is scaled to the first one's."""
        if self._writer is None:
            self._open(image_bgr, time_ns)
        if (image_bgr.shape[1], image_bgr.shape[0]) != self._size:
            image_bgr = cv2.resize(image_bgr, self._size).astype(image_bgr.dtype)
        if self._keep_time and self._last is not None:
            due = round((time_ns - self._first_ns) / 1e9 * self._fps)
            for _ in range(min(due - self.frames_written, MAX_REPEATS)):
                self._write(self._last)
            if due < self.frames_written:
                # Faster than the video: this picture replaces nothing, the next one in time is written.
                self._last = image_bgr
                return
        self._write(image_bgr)
        self._last = image_bgr

    def close(self) -> None:
        """Finish the file; more calls do nothing."""
        if self._writer is not None:
            self._writer.release()
            self._writer = None

    def _open(self, image_bgr: ImageBgr, time_ns: int) -> None:
        self._size = (image_bgr.shape[1], image_bgr.shape[0])
        self._first_ns = time_ns
        code = cv2.VideoWriter.fourcc(*FOURCC_BY_SUFFIX[self._path.suffix.lower()])
        self._writer = cv2.VideoWriter(str(self._path), code, self._fps, self._size)
        if not self._writer.isOpened():
            self._writer = None
            raise PublishingError(
                f"{self._path}: no video of {self._size[0]}x{self._size[1]} at {self._fps:g} fps can be written here; "
                "is the folder writable, and the picture of a usual size?"
            )

    def _write(self, image_bgr: ImageBgr) -> None:
        assert self._writer is not None  # noqa: S101 - opened by write
        _require_room(self._path)
        self._writer.write(image_bgr)
        self.frames_written += 1


def _require_room(path: Path) -> None:
    free = shutil.disk_usage(path.parent).free
    if free < MIN_FREE_BYTES:
        raise PublishingError(
            f"{path}: expected {MIN_FREE_BYTES >> 20} MB of free disk to record on, found {free >> 20} MB; make room, "
            "or record elsewhere"
        )
