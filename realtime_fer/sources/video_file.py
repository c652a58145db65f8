"""A video file (or a recording behind an HTTP address), every frame or at its own pace."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import cv2

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import SourceFormatError, SourceUnavailableError
from realtime_fer.sources.credentials import is_url, without_credentials
from realtime_fer.sources.media_time import MediaTime
from realtime_fer.sources.opencv_capture import PictureGrabber, announced_fps, announced_frames, open_capture
from realtime_fer.sources.pacing import Pacer
from realtime_fer.sources.source import SourceState
from realtime_fer.sources.stream import OPEN_TIMEOUT_MS, READ_TIMEOUT_MS
from realtime_fer.types import Frame

logger = logging.getLogger(__name__)

USUAL_MISCOUNT_FRAMES = 5
"""Headers often announce a few frames more than there are (edit lists, estimated lengths); no reason to warn."""

USUAL_MISCOUNT_FRACTION = 0.01
"""The same for long files."""

USUAL_SHORTFALL_S = 0.5
"""A file is only called cut off where its pictures also stop this much before the announced end: where the rate varies,
the announced number of frames is an estimate from the length."""

CLOSE_WAIT_S = 1.0
"""`close` waits so long for a `read` that is decoding; files on a network share may hang far longer."""

MAX_SKIPS_PER_READ = 30
"""When decoding itself is slower than real time, every so many frames one is shown all the same."""


class VideoFileSource:
    """Reads the frames of one file in order.

    Frames carry `media_time_s` from the file's own time stamps, or from index and rate where those are missing or broken.
    With `every_frame` all frames come as fast as they are asked for. Otherwise the file plays like a camera: a frame comes,
    and is stamped, at its moment, and moments that passed unread are skipped and counted.

    Args:
        path: a file, or an http(s) URL of one.
        every_frame: True: not live, nothing is ever skipped.
        loop: True: after the end comes the beginning; frame ids and media times go on growing.
        clock: stamps and paces.
    """

    reconnects = 0

    def __init__(self, path: str | Path, *, every_frame: bool = False, loop: bool = False, clock: Clock | None = None) -> None:
        self._target = str(path)
        self.name = without_credentials(self._target)
        self.is_live = not every_frame
        self.nominal_fps: float | None = None
        self.frame_count: int | None = None
        self.frames_skipped = 0
        self.problem: str | None = None
        self._loop = loop
        self._clock = clock if clock is not None else SystemClock()
        self._pacer = Pacer(self._clock)
        self._state = SourceState.CONNECTING
        self._closed = threading.Event()
        self._lock = threading.Lock()  # held while the capture is used, never while waiting
        self._capture: cv2.VideoCapture | None = None
        self._grabber: PictureGrabber | None = None
        self._pictures_skipped_before = 0
        self._next_frame_id = 0
        self._frames_announced: int | None = None
        self._first_is_grabbed = False
        self._pass_start_s = 0.0  # media time of all earlier repetitions
        self._media_time = MediaTime(None)
        self._decoded_in_pass = 0
        self._told_length = False

    @property
    def state(self) -> SourceState:
        if self._closed.is_set() and self._state is not SourceState.FAILED:
            return SourceState.ENDED
        return self._state

    @property
    def pictures_skipped(self) -> int:
        grabber = self._grabber
        return self._pictures_skipped_before + (grabber.pictures_skipped if grabber is not None else 0)

    def open(self) -> None:
        """Open the file and find its first picture.

        Raises:
            SourceUnavailableError: no such file, no permission, or the address does not answer.
            SourceFormatError: empty, not a video, or no picture in it can be found.
        """
        with self._lock:
            if self._closed.is_set():
                raise SourceUnavailableError(f"{self.name}: the source was closed")
            if self._capture is not None:
                return
            self._start_pass()
            self.frame_count = None if self._loop else self._frames_announced
            self._state = SourceState.ONLINE

    def read(self) -> Frame | None:
        """The next frame; waits for its moment where the file is paced. None at the end and when closed.

        Raises:
            SourceFormatError: the end came and no picture could be decoded.
            SourceUnavailableError: `open` has not succeeded, or the file vanished before its repetition.
        """
        skips_left = MAX_SKIPS_PER_READ
        while True:
            with self._lock:
                media_time_s = self._advance()
            if media_time_s is None:
                return None
            if self.is_live:
                if skips_left > 0 and self._pacer.is_late(media_time_s):
                    skips_left -= 1
                    self._next_frame_id += 1
                    self.frames_skipped += 1
                    continue
                if not self._pacer.wait(media_time_s, self._closed):
                    continue  # closed: the next turn releases
            with self._lock:
                frame = self._take(media_time_s)
            if frame is not None:
                return frame

    def close(self) -> None:
        """Release the file; a `read` that hangs in it does so itself when it comes back."""
        self._closed.set()
        if self._lock.acquire(timeout=CLOSE_WAIT_S):
            try:
                self._release()
            finally:
                self._lock.release()

    def _advance(self) -> float | None:
        """Grab the next picture; its media time, earlier repetitions included, or None at the end."""
        while not self._closed.is_set():
            if self._capture is None:
                if self._state is SourceState.ENDED:
                    return None
                raise SourceUnavailableError(self.problem or f"{self.name}: open() has not been called")
            if self._first_is_grabbed or self._capture.grab():
                self._first_is_grabbed = False
                stamp_s = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
                return self._pass_start_s + self._media_time.advance(stamp_s)
            self._end_pass()
        self._release()
        return None

    def _take(self, media_time_s: float) -> Frame | None:
        """Stamp and decode what was grabbed; None where that fails or the source was closed."""
        if self._closed.is_set() or self._grabber is None:
            self._release()
            return None
        grabbed = self._grabber.retrieve()
        if grabbed is None:
            return None
        frame = Frame(
            frame_id=self._next_frame_id,
            image_bgr=grabbed.image_bgr,
            capture_monotonic_ns=grabbed.capture_monotonic_ns,
            capture_unix_ns=grabbed.capture_unix_ns,
            media_time_s=media_time_s,
            source_name=self.name,
        )
        self._next_frame_id += 1
        self._decoded_in_pass += 1
        return frame

    def _check_file(self) -> None:
        if is_url(self._target):
            return
        path = Path(self._target)
        try:
            size = path.stat().st_size
            if not path.is_file():
                raise SourceUnavailableError(f"{self.name}: expected a video file, found a folder, pipe or device")
            with path.open("rb"):
                pass
        except OSError as error:
            raise SourceUnavailableError(f"{self.name}: cannot be read as a video file: {error.strerror}") from error
        if size == 0:
            raise SourceFormatError(f"{self.name}: expected a video file, found an empty one (0 bytes)")

    def _start_pass(self) -> None:
        """Open the capture and grab its first picture, not yet decoded or stamped."""
        try:
            self._check_file()
            capture = self._open_at_first_picture()
        except (SourceUnavailableError, SourceFormatError) as error:
            self._state, self.problem = SourceState.FAILED, str(error)
            raise
        self.nominal_fps = announced_fps(capture)
        self._frames_announced = announced_frames(capture)
        self._capture = capture
        self._grabber = PictureGrabber(capture, self.name, self._clock)
        self._first_is_grabbed = True
        self._media_time = MediaTime(self.nominal_fps)
        self._decoded_in_pass = 0

    def _open_at_first_picture(self) -> cv2.VideoCapture:
        timeouts = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS)
        capture = open_capture(self._target, cv2.CAP_FFMPEG, timeouts if is_url(self._target) else ())
        if capture is None and is_url(self._target):
            raise SourceUnavailableError(f"{self.name}: could not be opened; try the same address with ffprobe")
        if capture is None or not capture.grab():
            if capture is not None:
                capture.release()
            raise SourceFormatError(
                f"{self.name}: expected a video that FFmpeg can read, found {self._content()}; "
                "is it complete, and really a video? try ffprobe"
            )
        return capture

    def _content(self) -> str:
        if is_url(self._target):
            return "no picture"
        path = Path(self._target)
        with path.open("rb") as file:
            beginning = file.read(16)
        return f"{path.stat().st_size} bytes that begin with {beginning!r}"

    def _end_pass(self) -> None:
        """The capture has no more: tell the length once, then stop or begin again."""
        self._tell_length()
        undecodable = self._grabber.pictures_skipped if self._grabber is not None else 0
        self._release()
        if self._decoded_in_pass == 0 and undecodable > 0:
            self._state = SourceState.FAILED
            self.problem = f"{self.name}: none of its {self._media_time.frames} pictures could be decoded; is the file damaged?"
            raise SourceFormatError(self.problem)
        if not self._loop:
            self._state = SourceState.ENDED
            return
        self._pass_start_s += self._media_time.end_s
        self._start_pass()

    def _tell_length(self) -> None:
        announced, found = self._frames_announced, self._media_time.frames
        if self._told_length or announced is None or found >= announced:
            return
        self._told_length = True
        missing = announced - found
        shortfall_s = announced * self._media_time.interval_s - self._media_time.end_s
        if missing > max(USUAL_MISCOUNT_FRAMES, USUAL_MISCOUNT_FRACTION * announced) and shortfall_s > USUAL_SHORTFALL_S:
            self.problem = f"{self.name}: ends early, {found} of {announced} frames were readable; is the file cut off?"
            logger.warning("%s", self.problem)
        else:
            logger.info("%s: held %d of the %d frames its header announces", self.name, found, announced)

    def _release(self) -> None:
        if self._grabber is not None:
            self._pictures_skipped_before += self._grabber.pictures_skipped
        if self._capture is not None:
            self._capture.release()
        self._capture = self._grabber = None
