"""Media times of a file's frames, from stamps that may be missing, negative, repeated or wild."""

from __future__ import annotations

import math

FALLBACK_FPS = 30.0
"""Where the file does not say its rate."""

MAX_MEDIA_STEP_S = 10.0
"""A time stamp that jumps further than this is broken, and one frame interval is used instead."""


class MediaTime:
    """Turns one stamp a frame into seconds since the first frame, always growing.

    Args:
        nominal_fps: the file's rate, used where a stamp is of no use; None: `FALLBACK_FPS`.
    """

    def __init__(self, nominal_fps: float | None) -> None:
        self.interval_s = 1.0 / (nominal_fps or FALLBACK_FPS)
        self.frames = 0
        self.now_s = 0.0
        self._last_stamp_s = math.nan

    def advance(self, stamp_s: float) -> float:
        """Media time, seconds, of the next frame in order; `stamp_s` is what the file says, and may be anything."""
        if self.frames > 0:
            step_s = stamp_s - self._last_stamp_s
            # Also false where either stamp is not a number. Good stamps after a jump are good steps again.
            self.now_s += step_s if 0 < step_s <= MAX_MEDIA_STEP_S else self.interval_s
        self._last_stamp_s = stamp_s
        self.frames += 1
        return self.now_s

    @property
    def end_s(self) -> float:
        """When the last frame stops being shown."""
        return self.now_s + self.interval_s if self.frames else 0.0
