"""The window. It belongs to the main thread: some systems allow windows nowhere else."""

from __future__ import annotations

import os
import socket
import sys

import cv2

from realtime_fer.types import ImageBgr

X_SOCKETS = "/tmp/.X11-unix/X"  # noqa: S108 - where X servers listen, by convention
X_FIRST_PORT = 6000
CONNECT_TIMEOUT_S = 1.0
"""A display on this desk answers in microseconds, one over SSH in a fraction of a second."""

TITLE = "realtime_fer (q quits)"


def display_available() -> bool:
    """Whether a window can be opened here at all.

    On Linux an X server must answer under `DISPLAY` (XWayland counts): OpenCV's window library ends the whole process
    where none does, so this is asked first.
    """
    # Through a variable: a type checker takes sys.platform for a constant.
    platform: str = sys.platform
    return not platform.startswith("linux") or _x_server_answers(os.environ.get("DISPLAY", ""))


def _x_server_answers(display: str) -> bool:
    host, _, number = display.partition(":")
    server = number.partition(".")[0]
    if not server.isdigit():
        return False
    try:
        if host not in ("", "unix"):
            socket.create_connection((host, X_FIRST_PORT + int(server)), CONNECT_TIMEOUT_S).close()
            return True
        with socket.socket(socket.AF_UNIX) as unix:
            unix.settimeout(CONNECT_TIMEOUT_S)
            unix.connect(f"{X_SOCKETS}{server}")
            return True
    except OSError:
        return False


class Window:
    """Shows pictures and hears the key `q`. Use from the main thread only."""

    def __init__(self, title: str = TITLE) -> None:
        self._title = title
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
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
