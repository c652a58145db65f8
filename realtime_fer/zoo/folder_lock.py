"""One process at a time for a folder that is fetched, converted or imported into."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from realtime_fer.errors import ModelError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold FOLDER.lock, which the operating system lets go of even where the process is killed; it goes at the end.

    Raises:
        ModelError: another process holds it; the message has its number. Or the folder is the root of the file system.
    """
    folder = folder.resolve()
    if not folder.name:
        raise ModelError(f"{folder}: expected a folder of its own, found the root of the file system; name one in it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.with_name(folder.name + ".lock")
    with _held(path, folder) as file:
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _held(path: Path, folder: Path) -> IO[str]:
    while True:
        file = path.open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it has taken it away since it was opened: a lock on that keeps nobody off.
            if _is_at(file, path):
                return file
            file.close()
        except BlockingIOError as error:
            with file:
                file.seek(0)
                holder = file.read().strip() or "unknown"
            raise ModelError(f"{folder}: another process ({holder}) works on it; wait until it is done") from error


def _is_at(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
