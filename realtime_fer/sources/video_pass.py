"""One pass through a video file: is there a video, its pictures with their times, and did it keep what its header says?"""

from __future__ import annotations

import logging
from pathlib import Path

import cv2

from realtime_fer.clock import Clock
from realtime_fer.errors import SourceFormatError, SourceUnavailableError
from realtime_fer.sources.credentials import is_url
from realtime_fer.sources.live_reader import Grabbed
from realtime_fer.sources.media_time import MediaTime
from realtime_fer.sources.opencv_capture import PictureGrabber, announced_fps, announced_frames, open_capture
from realtime_fer.sources.stream import OPEN_TIMEOUT_MS, READ_TIMEOUT_MS

logger = logging.getLogger(__name__)

USUAL_MISCOUNT_FRAMES = 5
"""Headers often announce a few frames more than there are (edit lists, estimated lengths); no reason to warn."""

USUAL_MISCOUNT_FRACTION = 0.01
"""The same for long files."""

USUAL_SHORTFALL_S = 0.5
"""A file is only called cut off where its pictures also stop this much before the announced end: where the rate varies,
the announced number of frames is an estimate from the length."""


class VideoPass:
    """An opened file, read from its first picture to its last.

    Attributes:
        nominal_fps, frames_announced: as the header says; None where it does not.
        decoded: pictures that came out so far.
    """

    def __init__(self, target: str, name: str, clock: Clock) -> None:
        """
        Args:
            target: a file, or an http(s) URL of one.
            name: for people, without credentials.

        Raises:
            SourceUnavailableError: no such file, no permission, or the address does not answer.
            SourceFormatError: empty, not a video, or no picture in it can be found.
        """
        self._name = name
        capture = _open_at_first_picture(target, name)
        self.nominal_fps = announced_fps(capture)
        self.frames_announced = announced_frames(capture)
        self.decoded = 0
        self._capture = capture
        self._grabber = PictureGrabber(capture, name, clock)
        self._first_is_grabbed = True  # but not yet decoded or stamped
        self._media_time = MediaTime(self.nominal_fps)

    @property
    def frames(self) -> int:
        """Pictures passed so far."""
        return self._media_time.frames

    @property
    def end_s(self) -> float:
        """When the last picture stops being shown."""
        return self._media_time.end_s

    @property
    def pictures_skipped(self) -> int:
        """Pictures that could not be decoded."""
        return self._grabber.pictures_skipped

    def advance(self) -> float | None:
        """Go on to the next picture; its media time, or None at the end."""
        if not (self._first_is_grabbed or self._capture.grab()):
            return None
        self._first_is_grabbed = False
        return self._media_time.advance(float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0)

    def retrieve(self) -> Grabbed | None:
        """Stamp and decode the picture reached; None where that fails."""
        grabbed = self._grabber.retrieve()
        self.decoded += grabbed is not None
        return grabbed

    def tell_length(self) -> str | None:
        """At the end, log where there was less than announced; the complaint, where that is unusual."""
        announced, found = self.frames_announced, self.frames
        if announced is None or found >= announced:
            return None
        missing = announced - found
        shortfall_s = announced * self._media_time.interval_s - self.end_s
        if missing > max(USUAL_MISCOUNT_FRAMES, USUAL_MISCOUNT_FRACTION * announced) and shortfall_s > USUAL_SHORTFALL_S:
            problem = f"{self._name}: ends early, {found} of {announced} frames were readable; is the file cut off?"
            logger.warning("%s", problem)
            return problem
        logger.info("%s: held %d of the %d frames its header announces", self._name, found, announced)
        return None

    def release(self) -> None:
        """Close the file."""
        self._capture.release()


def _open_at_first_picture(target: str, name: str) -> cv2.VideoCapture:
    _check_file(target, name)
    timeouts = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS)
    capture = open_capture(target, cv2.CAP_FFMPEG, timeouts if is_url(target) else ())
    if capture is None and is_url(target):
        raise SourceUnavailableError(f"{name}: could not be opened; try the same address with ffprobe")
    if capture is None or not capture.grab():
        if capture is not None:
            capture.release()
        raise SourceFormatError(
            f"{name}: expected a video that FFmpeg can read, found {_content(target)}; "
            "is it complete, and really a video? try ffprobe"
        )
    return capture


def _check_file(target: str, name: str) -> None:
    if is_url(target):
        return
    path = Path(target)
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise SourceUnavailableError(f"{name}: expected a video file, found a folder, pipe or device")
        with path.open("rb"):
            pass
    except OSError as error:
        raise SourceUnavailableError(f"{name}: cannot be read as a video file: {error.strerror}") from error
    if size == 0:
        raise SourceFormatError(f"{name}: expected a video file, found an empty one (0 bytes)")


def _content(target: str) -> str:
    if is_url(target):
        return "no picture"
    path = Path(target)
    with path.open("rb") as file:
        beginning = file.read(16)
    return f"{path.stat().st_size} bytes that begin with {beginning!r}"
