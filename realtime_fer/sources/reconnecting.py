"""A live source that survives its camera or stream: silence, loss and hanging drivers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import SourceError, SourceLostError, SourceUnavailableError
from realtime_fer.sources.live_reader import Grabbed, LiveReader
from realtime_fer.sources.reader_thread import ReaderThread
from realtime_fer.sources.reconnect_policy import ReconnectPolicy
from realtime_fer.sources.source import SourceState
from realtime_fer.types import Frame

logger = logging.getLogger(__name__)

CLOSE_JOIN_S = 1.0
"""`close` waits so long for the device to be released; a reader that hangs longer is left to end by itself."""

MAX_HUNG_READERS = 4
"""No new reader is opened while so many old ones hang: each keeps a thread and a connection."""


class ReconnectingSource:
    """Keeps one reader going and hands out its newest picture.

    The first opening fails loudly, as bad usage; every later loss is mended by new readers with growing pauses between
    them, and seen in `state`, `problem` and `reconnects`. All of that happens inside `read`, in the caller's thread.

    Args:
        name: credentials removed.
        make_reader: a new, unopened reader; called once an attempt.
        policy: time limits and pauses.
        wait_for_source: True: the first opening may fail too, and is tried again like any other.
        clock: measures silence and pauses.
    """

    is_live = True
    frame_count: int | None = None

    def __init__(
        self,
        name: str,
        make_reader: Callable[[], LiveReader],
        *,
        policy: ReconnectPolicy | None = None,
        wait_for_source: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self.nominal_fps: float | None = None
        self.reconnects = 0
        self.frames_skipped = 0
        self.problem: str | None = None
        self._make_reader = make_reader
        self._policy = policy if policy is not None else ReconnectPolicy()
        self._wait_for_source = wait_for_source
        self._clock = clock if clock is not None else SystemClock()
        self._closed = threading.Event()
        self._wake = threading.Event()
        self._opened = False
        self._next_frame_id = 0
        self._attempts_since_frame = 0
        self._final_error: SourceError | None = None
        self._lock = threading.Lock()  # guards the fields below, which `close` uses from another thread
        self._state = SourceState.CONNECTING
        self._thread: ReaderThread | None = None
        self._left_behind: list[ReaderThread] = []
        self._pictures_skipped_before = 0

    @property
    def state(self) -> SourceState:
        return self._state

    @property
    def pictures_skipped(self) -> int:
        with self._lock:
            return self._pictures_skipped_before + (self._thread.pictures_skipped if self._thread is not None else 0)

    def open(self) -> None:
        """Open the first reader and wait until it is open (not for its first picture).

        Raises:
            SourceUnavailableError: it cannot be opened, takes longer than the policy's `open_timeout_s`, or the source
                was closed. With `wait_for_source` only the last.
        """
        if self._opened and not self._closed.is_set():
            return
        self._set_state(SourceState.CONNECTING)
        thread = self._start_reader()
        while thread is not None and not self._closed.is_set():
            self._wake.clear()
            if self._wait_for_source or thread.opened:
                self._opened = True
                return
            if thread.finished:
                self._refuse(thread.failure or SourceUnavailableError(f"{self.name}: ended while it was being opened"))
            limit_s = self._policy.open_timeout_s
            if not self._clock.wait(self._wake, self._remaining_s(thread, limit_s)) and not thread.opened:
                self._refuse(
                    SourceUnavailableError(f"{self.name}: did not open within {limit_s:g} s; does the device or network hang?")
                )
        raise SourceUnavailableError(f"{self.name}: the source was closed")

    def read(self) -> Frame | None:
        """Wait for a picture newer than the last one, over as many losses as it takes; None at the end and when closed.

        Raises:
            SourceLostError: the policy's `max_attempts` in a row failed.
            SourceUnavailableError: `open` has not succeeded.
        """
        while not self._closed.is_set():
            if self._final_error is not None:
                raise self._final_error
            if not self._opened:
                raise SourceUnavailableError(f"{self.name}: open() has not succeeded")
            if self._state is SourceState.ENDED:
                return None
            thread = self._thread
            if thread is None:
                self._pause_and_reopen()
                continue
            self._wake.clear()
            finished = thread.finished  # asked before the slot is looked at, so that a last picture is not lost
            grabbed, overwritten = thread.take()
            self._next_frame_id += overwritten
            self.frames_skipped += overwritten
            if grabbed is not None:
                return self._deliver(grabbed, thread)
            if finished:
                self._after_the_last_picture(thread)
            else:
                self._wait_for_news(thread)
        return None

    def close(self) -> None:
        """Stop reading; a reader that hangs is left behind. From any thread, any number of times."""
        if self._state is not SourceState.FAILED:
            self._set_state(SourceState.ENDED)
        self._closed.set()
        self._wake.set()
        thread = self._let_go()
        if thread is not None and not thread.join(CLOSE_JOIN_S):
            logger.warning("%s: the driver or connection hangs; its reader was left behind", self.name)

    def _start_reader(self) -> ReaderThread | None:
        """A new reader, running; None if the source was closed meanwhile."""
        with self._lock:
            if self._closed.is_set():
                return None
            self._thread = thread = ReaderThread(self._make_reader(), self._clock, self._wake, self.name)
            thread.start()
        return thread

    def _let_go(self) -> ReaderThread | None:
        """Abandon the current reader, if there is one."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is not None:
                thread.abandon()
                self._pictures_skipped_before += thread.pictures_skipped
                self._left_behind.append(thread)
        return thread

    def _refuse(self, error: SourceError) -> None:
        """Fail the first opening."""
        self._let_go()
        self._set_state(SourceState.FAILED)
        self.problem = str(error)
        raise error

    def _deliver(self, grabbed: Grabbed, thread: ReaderThread) -> Frame:
        frame = Frame(
            frame_id=self._next_frame_id,
            image_bgr=grabbed.image_bgr,
            capture_monotonic_ns=grabbed.capture_monotonic_ns,
            capture_unix_ns=grabbed.capture_unix_ns,
            source_name=self.name,
        )
        self._next_frame_id += 1
        if self._state is SourceState.RECONNECTING:
            self.reconnects += 1
            logger.warning("%s: back at attempt %d", self.name, self._attempts_since_frame)
        if self._state is not SourceState.ONLINE:
            self.nominal_fps = thread.nominal_fps
            self._attempts_since_frame = 0
            self.problem = None
            self._set_state(SourceState.ONLINE)
        return frame

    def _after_the_last_picture(self, thread: ReaderThread) -> None:
        if thread.failure is not None:
            self._lose(str(thread.failure), thread.failure)
            return
        self._let_go()
        self._set_state(SourceState.ENDED)

    def _wait_for_news(self, thread: ReaderThread) -> None:
        """Wait for anything from the reader; note its silence, and give it up after a longer one."""
        policy = self._policy
        online = self._state is SourceState.ONLINE
        if not thread.opened:
            limit_s, complaint = policy.open_timeout_s, "did not open within"
        else:
            limit_s, complaint = policy.reopen_after_s, "no picture for"
            if online:
                limit_s = min(limit_s, policy.stalled_after_s)
        if self._clock.wait(self._wake, self._remaining_s(thread, limit_s)) or self._remaining_s(thread, limit_s) > 0:
            return
        reason = f"{self.name}: {complaint} {limit_s:g} s"
        if online and limit_s < policy.reopen_after_s:
            self.problem = reason
            self._set_state(SourceState.STALLED)
            logger.warning("%s; it is opened anew after %g s", reason, policy.reopen_after_s)
        else:
            self._lose(reason)

    def _lose(self, reason: str, cause: SourceError | None = None) -> None:
        """Give up the current reader; unless that was the last attempt, `read` goes on to make another."""
        self._let_go()
        self.problem = reason
        maximum = self._policy.max_attempts
        if maximum is not None and self._attempts_since_frame >= maximum:
            self._set_state(SourceState.FAILED)
            self._final_error = SourceLostError(f"{reason}; given up after {maximum} attempts to open it anew")
            self._final_error.__cause__ = cause
            return
        # Once lost, further failures are news for `problem` only: a camera may stay away for a night.
        level = logging.WARNING if self._attempts_since_frame == 0 else logging.DEBUG
        logger.log(level, "%s; trying again", reason)
        self._set_state(SourceState.RECONNECTING if self._next_frame_id > 0 else SourceState.CONNECTING)

    def _pause_and_reopen(self) -> None:
        if self._clock.wait(self._closed, self._policy.delay_s(self._attempts_since_frame)):
            return
        self._left_behind = [thread for thread in self._left_behind if thread.alive]
        if len(self._left_behind) >= MAX_HUNG_READERS:
            self._lose(f"{self.name}: {len(self._left_behind)} earlier readers hang in its driver or connection")
        else:
            self._start_reader()
        self._attempts_since_frame += 1

    def _remaining_s(self, thread: ReaderThread, limit_s: float) -> float:
        """Until the reader has been silent for `limit_s`."""
        return limit_s - (self._clock.monotonic_ns() - thread.progress_ns) / 1e9

    def _set_state(self, state: SourceState) -> None:
        with self._lock:
            if self._closed.is_set() or state is self._state:
                return  # what `close` said stays
            before, self._state = self._state, state
        logger.info("%s: %s -> %s", self.name, before.value, state.value)
