"""What camera, stream and video file share of OpenCV's VideoCapture: quiet, with stamps at the grab."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import cv2

from realtime_fer.clock import Clock
from realtime_fer.errors import ShapeError, SourceLostError
from realtime_fer.sources.bgr import to_bgr
from realtime_fer.sources.live_reader import Grabbed

MAX_BAD_PICTURES = 30
"""So many pictures in a row that cannot be decoded (a second's worth) mean that no readable one will come."""

FFMPEG_QUIET = "-8"
"""FFmpeg's AV_LOG_QUIET. Its lines tell nothing that our errors do not, and may hold passwords of URLs."""

MAX_PLAUSIBLE_FPS = 1000.0
"""Broken headers announce 90000 and the like, the unit of their time stamps."""

MAX_PLAUSIBLE_FRAMES = 1e9
"""Ten months at 30 fps; streams without a length announce larger or negative numbers."""


def quieten_opencv() -> None:
    """Keep OpenCV and FFmpeg from writing to stderr by themselves; a user's own setting in the environment wins."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", FFMPEG_QUIET)  # read when the first capture is opened
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def open_capture(target: str | int, backend: int, parameters: Sequence[int] = ()) -> cv2.VideoCapture | None:
    """An opened capture, or None where OpenCV could not open it.

    Args:
        target: path, URL or camera index.
        backend: one of cv2.CAP_*; never "any", which tries things nobody asked for.
        parameters: property, value, property, value ... needed at the opening itself.
    """
    quieten_opencv()
    capture = cv2.VideoCapture()
    try:
        opened = capture.open(target, backend, list(parameters))
    except cv2.error:
        return None
    if not opened:
        capture.release()
        return None
    return capture


def announced_fps(capture: cv2.VideoCapture) -> float | None:
    """Frames a second from the header; None where missing or implausible."""
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if math.isfinite(fps) and 0 < fps <= MAX_PLAUSIBLE_FPS else None


def announced_frames(capture: cv2.VideoCapture) -> int | None:
    """Length from the header, often an estimate; None where missing or implausible."""
    count = float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    return int(count) if math.isfinite(count) and 1 <= count <= MAX_PLAUSIBLE_FRAMES else None


class PictureGrabber:
    """Grabs, stamps and converts the pictures of one opened capture."""

    def __init__(self, capture: cv2.VideoCapture, name: str, clock: Clock) -> None:
        self._capture = capture
        self._name = name
        self._clock = clock
        self.pictures_skipped = 0

    def grab(self) -> Grabbed | None:
        """The next readable picture; None where the capture has no more (or the driver timed out).

        Raises:
            SourceLostError: `MAX_BAD_PICTURES` in a row could not be decoded.
        """
        for _ in range(MAX_BAD_PICTURES):
            if not self._capture.grab():
                return None
            grabbed = self.retrieve()
            if grabbed is not None:
                return grabbed
        raise SourceLostError(
            f"{self._name}: {MAX_BAD_PICTURES} pictures in a row could not be decoded; is the format supported?"
        )

    def retrieve(self) -> Grabbed | None:
        """Stamp now, then decode and convert what was grabbed; None, and counted, where that fails."""
        monotonic_ns, unix_ns = self._clock.monotonic_ns(), self._clock.unix_ns()
        try:
            decoded, image = self._capture.retrieve()
            if decoded and image is not None:
                return Grabbed(to_bgr(image, self._name), monotonic_ns, unix_ns)
        except (cv2.error, ShapeError):
            pass
        self.pictures_skipped += 1
        return None
