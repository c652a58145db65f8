"""A video file (or a recording behind an HTTP address), every frame or at its own pace."""

from __future__ import annotations

import threading
from pathlib import Path

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import SourceFormatError, SourceUnavailableError
from realtime_fer.sources.credentials import without_credentials
from realtime_fer.sources.pacing import Pacer
from realtime_fer.sources.source import SourceState
from realtime_fer.sources.video_pass import VideoPass
from realtime_fer.types import Frame

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
        self._lock = threading.Lock()  # held while the file is used, never while waiting
        self._pass: VideoPass | None = None
        self._passes_ended = 0
        self._pass_start_s = 0.0  # media time of all earlier repetitions
        self._pictures_skipped_before = 0
        self._next_frame_id = 0

    @property
    def state(self) -> SourceState:
        if self._closed.is_set() and self._state is not SourceState.FAILED:
            return SourceState.ENDED
        return self._state

    @property
    def pictures_skipped(self) -> int:
        current = self._pass
        return self._pictures_skipped_before + (current.pictures_skipped if current is not None else 0)

    def open(self) -> None:
        """Open the file and find its first picture.

        Raises:
            SourceUnavailableError: no such file, no permission, or the address does not answer.
            SourceFormatError: empty, not a video, or no picture in it can be found.
        """
        with self._lock:
            if self._closed.is_set():
                raise SourceUnavailableError(f"{self.name}: the source was closed")
            if self._pass is None:
                self._pass = current = self._start_pass()
                self.frame_count = None if self._loop else current.frames_announced
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
            if self._pass is None:
                if self._state is SourceState.ENDED:
                    return None
                raise SourceUnavailableError(self.problem or f"{self.name}: open() has not been called")
            media_time_s = self._pass.advance()
            if media_time_s is not None:
                return self._pass_start_s + media_time_s
            self._end_pass(self._pass)
        self._release()
        return None

    def _take(self, media_time_s: float) -> Frame | None:
        """Stamp and decode what was grabbed; None where that fails or the source was closed."""
        if self._closed.is_set() or self._pass is None:
            self._release()
            return None
        grabbed = self._pass.retrieve()
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
        return frame

    def _start_pass(self) -> VideoPass:
        try:
            started = VideoPass(self._target, self.name, self._clock)
        except (SourceUnavailableError, SourceFormatError) as error:
            self._state, self.problem = SourceState.FAILED, str(error)
            raise
        self.nominal_fps = started.nominal_fps
        return started

    def _end_pass(self, ended: VideoPass) -> None:
        """The file has no more: tell the length once, then stop or begin again."""
        if self._passes_ended == 0:
            self.problem = ended.tell_length() or self.problem
        self._passes_ended += 1
        self._release()
        if ended.decoded == 0 and ended.pictures_skipped > 0:
            self._state = SourceState.FAILED
            self.problem = f"{self.name}: none of its {ended.frames} pictures could be decoded; is the file damaged?"
            raise SourceFormatError(self.problem)
        if not self._loop:
            self._state = SourceState.ENDED
            return
        self._pass_start_s += ended.end_s
        self._pass = self._start_pass()

    def _release(self) -> None:
        if self._pass is not None:
            self._pictures_skipped_before += self._pass.pictures_skipped
            self._pass.release()
        self._pass = None
