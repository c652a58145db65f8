"""Takers of finished results that may be slower than the fast path, and never make it slower."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from realtime_fer.clock import Clock
from realtime_fer.display.overlay import draw
from realtime_fer.display.remark import Remark
from realtime_fer.display.video_file import VideoFile
from realtime_fer.errors import PublishingError
from realtime_fer.pipeline.mailbox import Mailbox
from realtime_fer.pipeline.worker import Worker
from realtime_fer.types import FrameResult

log = logging.getLogger(__name__)

RECORDING_QUEUE = 8
"""Frames waiting to be drawn and encoded; about half a second at most, so that a stop is quick."""

RECORDING_JOIN_S = 0.7
"""At a stop the waiting frames are still written, for so long."""

TAKE_TIMEOUT_S = 0.25

Remarks = Callable[[FrameResult], Mapping[int, Remark]]
"""Sentences about the faces of a frame, by track_id."""


def no_remarks(_result: FrameResult) -> Mapping[int, Remark]:
    """Where nobody says anything about faces."""
    return {}


class RecordingSink:
    """Draws and encodes results in a thread of its own.

    Args:
        path: of the video, see `display.video_file`.
        fps: of the video.
        every_frame: True makes the fast path wait when encoding is slower, so that no frame is missing; False drops
            the oldest waiting one and repeats pictures, so that the video keeps time.
        remarks: asked when a frame is drawn.
    """

    name = "recording"

    def __init__(
        self, path: Path, *, fps: float, every_frame: bool, remarks: Remarks = no_remarks, clock: Clock | None = None
    ) -> None:
        self._path = path
        self._remarks = remarks
        self._video = VideoFile(path, fps=fps, keep_time=not every_frame)
        self._results: Mailbox[FrameResult] = Mailbox(capacity=RECORDING_QUEUE, policy="wait" if every_frame else "newest-wins")
        self.frames_missed = 0
        # A file that cannot be written does not mend itself: no restarts.
        self.worker = Worker("record", self._step, on_end=self._end, max_restarts=0, clock=clock)
        self.worker.start()

    def put(self, result: FrameResult) -> None:
        """Take one result."""
        if self._results.put(result) is not None:
            self.frames_missed += 1

    def close(self) -> None:
        """Write what waits, then finish the file.

        Raises:
            PublishingError: the video could not be written.
        """
        self._results.close()
        if not self.worker.join(RECORDING_JOIN_S):
            # Encoding is behind: give up what waits rather than the whole file.
            self.frames_missed += len(self._results.close(discard=True))
            self.worker.join(RECORDING_JOIN_S)
        if self.worker.last_error is not None:
            raise PublishingError(str(self.worker.last_error))
        if self.frames_missed:
            log.warning(
                "%s: %d frames are not in the video; encoding was slower than the service", self._path, self.frames_missed
            )

    def _step(self) -> bool:
        result = self._results.take(TAKE_TIMEOUT_S)
        if result is None:
            return not self._results.finished
        self._video.write(draw(result, remarks=self._remarks(result)), result.frame.timeline_ns)
        return True

    def _end(self) -> None:
        # Closed first: a fast path waiting to put something in must not wait for ever.
        self._results.close()
        self._video.close()


class LatestResultSink:
    """Keeps the newest result for the main thread's window."""

    name = "window"

    def __init__(self) -> None:
        self._slot: Mailbox[FrameResult] = Mailbox(capacity=1, policy="newest-wins")

    def put(self, result: FrameResult) -> None:
        """Replace the waiting result."""
        self._slot.put(result)

    def take(self, timeout_s: float) -> FrameResult | None:
        """The newest result not taken before; None after the timeout."""
        return self._slot.take(timeout_s)

    def close(self) -> None:
        """Nothing more comes."""
        self._slot.close()
