"""A source that needs no camera and no download: two real faces in motion."""

from __future__ import annotations

import logging
import threading

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import MissingExtraError, SourceError, SourceUnavailableError
from realtime_fer.sources.demo_scene import FPS, DemoScene
from realtime_fer.sources.pacing import Pacer
from realtime_fer.sources.source import SourceState
from realtime_fer.types import Frame

logger = logging.getLogger(__name__)

DEFAULT_DEMO_FRAMES = 300
"""Ten seconds: both faces, one pass, one leaving and coming back."""


class DemoSource:
    """Plays the demo scene, 640 x 480 at 30 frames a second; frame `i` is the same in every run.

    Args:
        frames: how many; 0 means without end.
        every_frame: True: not live, as fast as frames are asked for. False: paced like a camera, late frames skipped.
        loop: True: without end; the scene goes on rather than starting again.
        clock: stamps and paces.
    """

    nominal_fps: float | None = FPS
    reconnects = 0
    pictures_skipped = 0

    def __init__(
        self,
        frames: int = DEFAULT_DEMO_FRAMES,
        *,
        every_frame: bool = False,
        loop: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.name = "demo"
        self.is_live = not every_frame
        self.frame_count = frames if frames > 0 and not loop else None
        self.frames_skipped = 0
        self.problem: str | None = None
        self._clock = clock if clock is not None else SystemClock()
        self._pacer = Pacer(self._clock)
        self._state = SourceState.CONNECTING
        self._closed = threading.Event()
        self._scene: DemoScene | None = None
        self._next_frame_id = 0

    @property
    def state(self) -> SourceState:
        if self._closed.is_set() and self._state is not SourceState.FAILED:
            return SourceState.ENDED
        return self._state

    def open(self) -> None:
        """Prepare the scene.

        Raises:
            MissingExtraError: the `demo` extra is not installed.
            SourceFormatError: its packages do not carry the portraits.
            SourceUnavailableError: the source was closed.
        """
        if self._closed.is_set():
            raise SourceUnavailableError("demo: the source was closed")
        try:
            self._scene = DemoScene()
        except (MissingExtraError, SourceError) as error:
            self._state, self.problem = SourceState.FAILED, str(error)
            raise
        self._state = SourceState.ONLINE

    def read(self) -> Frame | None:
        """The next frame, at its moment if paced; None after the last and when closed.

        Raises:
            SourceUnavailableError: `open` has not succeeded.
        """
        if self._closed.is_set() or self._state is SourceState.ENDED:
            return None
        if self._scene is None:
            raise SourceUnavailableError(self.problem or "demo: open() has not been called")
        if self.is_live:
            self._skip_missed()
        index = self._next_frame_id
        if self.frame_count is not None and index >= self.frame_count:
            self._state = SourceState.ENDED
            return None
        if self.is_live and not self._pacer.wait(index / FPS, self._closed):
            return None
        frame = Frame(
            frame_id=index,
            capture_monotonic_ns=self._clock.monotonic_ns(),
            capture_unix_ns=self._clock.unix_ns(),
            image_bgr=self._scene.render(index),
            media_time_s=index / FPS,
            source_name=self.name,
        )
        self._next_frame_id += 1
        return frame

    def close(self) -> None:
        """Stop; a waiting `read` returns None."""
        self._closed.set()

    def _skip_missed(self) -> None:
        """Leave out the frames whose moments passed while nobody read, up to the one due now."""
        if not self._pacer.is_late(self._next_frame_id / FPS):
            return
        missed = int(self._pacer.late_s(self._next_frame_id / FPS) * FPS)
        if self.frame_count is not None:
            missed = min(missed, self.frame_count - self._next_frame_id)
        self._next_frame_id += missed
        self.frames_skipped += missed
