"""A bell that ends a `select` in another thread."""

from __future__ import annotations

import contextlib
import os
import threading


class WakeUp:
    """A pipe that becomes readable when it is rung.

    Attributes:
        descriptor: the readable end, for a selector; -1 while closed.
    """

    def __init__(self) -> None:
        self.descriptor = -1
        self._ring_descriptor = -1
        self._lock = threading.Lock()

    def open(self) -> int:
        """Make the pipe; its readable end."""
        self.descriptor, self._ring_descriptor = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self._ring_descriptor, False)
        return self.descriptor

    def ring(self) -> None:
        """From any thread; never waits. Nothing happens while the pipe is closed."""
        # Under a lock, since a closed descriptor's number may belong to another file a moment later.
        with self._lock:
            if self._ring_descriptor >= 0:
                with contextlib.suppress(BlockingIOError):  # a full pipe rings as well
                    os.write(self._ring_descriptor, b".")

    def calm(self) -> None:
        """Forget the rings so far."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.descriptor, 4096)

    def close(self) -> None:
        """Close both ends; the selector must have forgotten the readable one."""
        with self._lock:
            for descriptor in (self.descriptor, self._ring_descriptor):
                if descriptor >= 0:
                    os.close(descriptor)
            self.descriptor = self._ring_descriptor = -1
