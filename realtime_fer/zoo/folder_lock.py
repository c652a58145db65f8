"""One process at a time for a folder of fetched files."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from realtime_fer.errors import ModelError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold FOLDER.lock, which the operating system lets go of even where the process is killed.

    Raises:
        ModelError: another process holds it; the message has its number.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.with_name(folder.name + ".lock")
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise ModelError(f"{folder}: another process ({holder}) works on it; wait until it is done") from error
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
