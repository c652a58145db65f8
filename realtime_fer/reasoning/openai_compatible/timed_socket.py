"""A socket that has one deadline for all it does.

The time-out of a socket begins anew with every byte that arrives: whoever sends one now and then is waited for without end.
"""

from __future__ import annotations

import io
import socket
import time


class TimedSocket:
    """What `http.client` needs of a socket, with a deadline.

    Attributes:
        expires_s: on `time.monotonic`; sending and receiving raise TimeoutError after it.
    """

    def __init__(self, plain: socket.socket) -> None:
        self.expires_s = 0.0
        self._plain = plain

    def sendall(self, data: bytes) -> None:
        """Send everything."""
        left = memoryview(data)
        while left:
            self.set_timeout()
            left = left[self._plain.send(left) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What arrives, to be read."""
        # The file keeps the plain socket open after this object was closed, as http.client expects.
        return io.BufferedReader(_TimedReader(self, self._plain.makefile("rb", buffering=0)))

    def close(self) -> None:
        """Close it, once the last file is closed."""
        self._plain.close()

    def set_timeout(self) -> None:
        """Let the next call wait until the deadline and no longer."""
        left_s = self.expires_s - time.monotonic()
        if left_s <= 0.0:
            raise TimeoutError("timed out")
        self._plain.settimeout(left_s)


class _TimedReader(io.RawIOBase):
    def __init__(self, timer: TimedSocket, plain: socket.SocketIO) -> None:
        super().__init__()
        self._timer = timer
        self._file = plain

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        self._timer.set_timeout()
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()
