"""A source with a chosen number of real faces at a chosen resolution, for measuring only."""

from __future__ import annotations

import threading

import cv2
import numpy as np

from realtime_fer.clock import SystemClock
from realtime_fer.errors import missing_extra
from realtime_fer.sources.source import SourceState
from realtime_fer.types import Frame, ImageBgr

# Head of the portrait in skimage.data.astronaut(): left, top, right, bottom.
HEAD_XYXY = (150, 0, 310, 210)
SWAY_SHARE = 0.15
"""How far each face sways, as a share of its own width: enough that the tracker has work."""
PREPARED_FRAMES = 60
"""One sway; drawn before measuring begins, so that drawing costs nothing while it runs."""


class SyntheticFaces:
    """`faces` copies of one portrait, side by side, swaying.

    Args:
        faces: 0 to about 60.
        count: frames in all.
        live_fps: None delivers every frame as fast as it is asked for; a number delivers at that pace, newest first.
    """

    def __init__(self, *, faces: int, width: int, height: int, count: int, live_fps: float | None = None) -> None:
        self.name = f"{faces} synthetic faces, {width}x{height}"
        self.is_live = live_fps is not None
        self.frame_count: int | None = count
        self.nominal_fps: float | None = live_fps or 30.0
        self.state = SourceState.CONNECTING
        self.problem: str | None = None
        self.reconnects = self.frames_skipped = self.pictures_skipped = 0
        self._faces, self._size, self._fps = faces, (width, height), live_fps
        self._pictures: list[ImageBgr] = []
        self._next = 0
        self._closed = threading.Event()
        self._clock = SystemClock()
        self._begin_ns = 0

    def open(self) -> None:
        """Draw the frames."""
        try:
            from skimage import data
        except ImportError as error:
            raise missing_extra("the synthetic faces", "demo", error) from error
        x0, y0, x1, y1 = HEAD_XYXY
        portrait = data.astronaut()  # type: ignore[no-untyped-call]
        head = cv2.cvtColor(np.asarray(portrait), cv2.COLOR_RGB2BGR)[y0:y1, x0:x1]
        face = np.asarray(head, np.uint8)
        self._pictures = [self._draw(face, 2 * np.pi * i / PREPARED_FRAMES) for i in range(PREPARED_FRAMES)]
        self._begin_ns = self._clock.monotonic_ns()
        self.state = SourceState.ONLINE

    def read(self) -> Frame | None:
        """The next frame, when its time has come."""
        frame_id = self._next
        if self._closed.is_set() or (self.frame_count is not None and frame_id >= self.frame_count):
            self.state = SourceState.ENDED
            return None
        self._next += 1
        media_time_s = None
        if self._fps is not None:
            due_ns = self._begin_ns + int(frame_id / self._fps * 1e9)
            self._clock.wait(self._closed, (due_ns - self._clock.monotonic_ns()) / 1e9)
        else:
            media_time_s = frame_id / 30
        # A copy, as a camera would give: the pipeline may keep it.
        image = self._pictures[frame_id % PREPARED_FRAMES].copy()
        return Frame(frame_id, image, self._clock.monotonic_ns(), self._clock.unix_ns(), media_time_s, self.name)

    def close(self) -> None:
        """End now."""
        self._closed.set()

    def _draw(self, head: ImageBgr, phase: float) -> ImageBgr:
        width, height = self._size
        picture = np.full((height, width, 3), 96, np.uint8)
        if self._faces == 0:
            return picture
        columns = int(np.ceil(np.sqrt(self._faces * width / height)))
        rows = int(np.ceil(self._faces / columns))
        cell_w, cell_h = width / columns, height / rows
        scale = min(cell_w / (head.shape[1] * (1 + 2 * SWAY_SHARE)), cell_h / head.shape[0]) * 0.95
        small = cv2.resize(head, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for number in range(self._faces):
            row, column = divmod(number, columns)
            sway = SWAY_SHARE * small.shape[1] * np.sin(phase + number)
            x = round((column + 0.5) * cell_w - small.shape[1] / 2 + sway)
            y = round((row + 0.5) * cell_h - small.shape[0] / 2)
            x, y = int(np.clip(x, 0, width - small.shape[1])), int(np.clip(y, 0, height - small.shape[0]))
            picture[y : y + small.shape[0], x : x + small.shape[1]] = small
        return picture
