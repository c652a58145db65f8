"""Keeps published messages in a file, one JSON message a line (JSON Lines)."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import threading
from pathlib import Path

from realtime_fer.errors import PublishingError
from realtime_fer.publishing.encoding import EncodedMessage

_HINTS = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.ENXIO: "nobody reads this pipe; start its reader first",
    errno.EPIPE: "the pipe's reader went away",
}


def open_at_once(path: str, flags: int) -> int:
    """As an opener for `open`: a pipe that nobody reads is an error (ENXIO) and not a wait for ever."""
    descriptor = os.open(path, flags | os.O_NONBLOCK, 0o666)
    os.set_blocking(descriptor, True)
    return descriptor


class ResultsWriter:
    """Writes each message with one system call, unbuffered: whatever ends the program or fills the disk, lines are whole."""

    def __init__(self, path: Path) -> None:
        """Begin the file anew.

        Raises:
            PublishingError: it cannot be written.
        """
        self._path = path
        self._lock = threading.Lock()
        self.messages_written = 0
        try:
            self._file = io.FileIO(path, "wb", opener=open_at_once)
        except OSError as error:
            raise self._cannot_write(error) from error

    def write(self, encoded: EncodedMessage) -> None:
        """Append one message: the very bytes that were published, where they are JSON.

        Raises:
            PublishingError: the disk is full or gone, or the writer is closed.
        """
        line = memoryview(encoded.json_payload + b"\n")
        length = len(line)
        with self._lock:
            if self._file.closed:
                raise PublishingError(f"{self._path}: the results file is closed")
            try:
                while line:  # a pipe may take a line in pieces
                    line = line[self._file.write(line) :]
            except OSError as error:
                with contextlib.suppress(OSError):  # a pipe takes nothing back
                    self._file.truncate(self._file.seek(len(line) - length, os.SEEK_CUR))
                raise self._cannot_write(error) from error
            self.messages_written += 1

    def _cannot_write(self, error: OSError) -> PublishingError:
        reason = error.strerror or os.strerror(error.errno or 0)
        mend = _HINTS.get(error.errno or 0, "try a path in an existing folder")
        return PublishingError(f"{self._path}: results cannot be written ({reason}); {mend}")

    def close(self) -> None:
        """Close the file; may be called again."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> ResultsWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
