"""The window. It belongs to the main thread: some systems allow windows nowhere else."""

from __future__ import annotations

import os
import sys

import cv2

from realtime_fer.types import ImageBgr

TITLE = "realtime_fer (q quits)"


def display_available() -> bool:
    """Whether a window can be opened here at all (a screen on Linux; always elsewhere)."""
    # Through a variable: a type checker takes sys.platform for a constant.
    platform: str = sys.platform
    return not platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class Window:
    """Shows pictures and hears the key `q`. Use from the main thread only."""

    def __init__(self, title: str = TITLE) -> None:
        self._title = title
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        self._sized = False

    def show(self, image_bgr: ImageBgr) -> None:
        """Show one picture; the first one sets the window's size."""
        if not self._sized:
            cv2.resizeWindow(self._title, image_bgr.shape[1], image_bgr.shape[0])
            self._sized = True
        cv2.imshow(self._title, image_bgr)

    def quit_asked(self, wait_ms: int = 15) -> bool:
        """Let the window draw itself for `wait_ms`; True when `q` or Escape was pressed or the window was closed."""
        key = cv2.waitKey(wait_ms) & 0xFF
        if key in (ord("q"), 27):
            return True
        return self._sized and cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1

    def close(self) -> None:
        """Close the window."""
        cv2.destroyWindow(self._title)
