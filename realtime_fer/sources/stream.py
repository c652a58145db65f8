"""A network stream, through FFmpeg: RTSP, HTTP (MJPEG, HLS) and whatever else it reads."""

from __future__ import annotations

import threading

import cv2

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import SourceLostError, SourceUnavailableError
from realtime_fer.sources.credentials import without_credentials
from realtime_fer.sources.live_reader import Grabbed
from realtime_fer.sources.opencv_capture import PictureGrabber, announced_fps, announced_frames, open_capture
from realtime_fer.sources.pacing import Pacer

OPEN_TIMEOUT_MS = 8000
"""Given to FFmpeg; below the ten seconds after which the opening is given up from outside."""

READ_TIMEOUT_MS = 4000
"""Given to FFmpeg; below the five seconds after which a silent reader is given up from outside."""

END_TOLERANCE = 0.95
"""A recording sent as a stream has ended, and was not cut off, if this part of its announced frames came."""


class StreamReader:
    """Reads one URL; made to run in a `ReaderThread`.

    A stream with a known length (a recording behind an HTTP address) is read at its own pace and has a proper end.

    Args:
        url: with credentials where needed; they appear nowhere else.
        clock: stamps the frames.
        open_timeout_ms, read_timeout_ms: FFmpeg's own limits.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        open_timeout_ms: int = OPEN_TIMEOUT_MS,
        read_timeout_ms: int = READ_TIMEOUT_MS,
    ) -> None:
        self.name = without_credentials(url)
        self.nominal_fps: float | None = None
        self._url = url
        self._clock = clock if clock is not None else SystemClock()
        self._timeouts = (
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            open_timeout_ms,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            read_timeout_ms,
        )
        self._capture: cv2.VideoCapture | None = None
        self._grabber: PictureGrabber | None = None
        self._pacer: Pacer | None = None
        self._frames_announced: int | None = None
        self._frames_read = 0
        self._never = threading.Event()

    @property
    def pictures_skipped(self) -> int:
        return self._grabber.pictures_skipped if self._grabber is not None else 0

    def open(self) -> None:
        """Connect.

        Raises:
            SourceUnavailableError: refused, unreachable, not allowed, or nothing FFmpeg can read.
        """
        capture = open_capture(self._url, cv2.CAP_FFMPEG, self._timeouts)
        if capture is None:
            raise SourceUnavailableError(
                f"stream {self.name}: could not be opened (refused, unreachable, wrong path or password, or no video); "
                f"try the same address with ffprobe"
            )
        self.nominal_fps = announced_fps(capture)
        self._frames_announced = announced_frames(capture)
        self._capture = capture
        self._grabber = PictureGrabber(capture, f"stream {self.name}", self._clock)
        if self._frames_announced is not None and self.nominal_fps is not None:
            self._pacer = Pacer(self._clock)

    def grab(self) -> Grabbed | None:
        """Wait for the next picture; None at the end of a stream that announced its length.

        Raises:
            SourceLostError: the connection broke or FFmpeg's read limit passed.
        """
        if self._grabber is None:
            raise SourceLostError(f"stream {self.name}: is not open")
        if self._pacer is not None and self.nominal_fps is not None:
            self._pacer.wait(self._frames_read / self.nominal_fps, self._never)
        grabbed = self._grabber.grab()
        if grabbed is not None:
            self._frames_read += 1
            return grabbed
        if self._frames_announced is not None and self._frames_read >= END_TOLERANCE * self._frames_announced:
            return None
        raise SourceLostError(f"stream {self.name}: ended or broke after {self._frames_read} pictures of this connection")

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
        self._capture = self._grabber = None
