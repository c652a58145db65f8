"""The child's end of the connection: replies that must arrive, and words that may be left out."""

from __future__ import annotations

import socket
import threading


class ReplyWriter:
    """Writes whole messages to the parent; safe for several threads.

    Args:
        connection: blocking, towards the parent.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._rest = b""

    def reply(self, frame: bytes) -> None:
        """Write a message, waiting for the parent as long as it takes.

        Raises:
            OSError: the parent is gone.
        """
        with self._lock:
            rest, self._rest = self._rest, b""
            self._connection.sendall(rest + frame)

    def offer(self, frame: bytes) -> bool:
        """Write a message if that goes without waiting, else leave it out; False where it was left out."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            # The end of one that went in part comes first: the parent could make nothing of what follows without it.
            self._rest = self._rest[self._send(self._rest) :]
            if self._rest:
                return False
            sent = self._send(frame)
            self._rest = frame[sent:] if sent else b""
            return sent > 0
        finally:
            self._lock.release()

    def _send(self, data: bytes) -> int:
        """How many bytes went without waiting."""
        if not data:
            return 0
        try:
            return self._connection.send(data, socket.MSG_DONTWAIT)
        except OSError:  # no room, or nobody there, which the thread that receives sees, too
            return 0
