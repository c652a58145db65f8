"""The files a run writes: can they be written, and would they destroy something? Asked before anything runs."""

from __future__ import annotations

import os
from pathlib import Path

from realtime_fer.errors import PublishingError
from realtime_fer.settings import OutputSettings


def check_output_files(output: OutputSettings, source: str) -> None:
    """Fail at the start, not after an hour, where an output of the settings cannot be kept.

    Args:
        source: as the user named it; where it is a file, no output may take its place.

    Raises:
        PublishingError: see `require_writable`; or the file is the source, or another output's.
    """
    taken = {Path(source).resolve(): "the source"} if Path(source).is_file() else {}
    for what, path in (("record", output.record), ("results", output.results), ("summary", output.summary)):
        if path is None:
            continue
        require_writable(path)
        place = path.resolve()
        if place in taken:
            raise PublishingError(f"{path}: cannot be the file for {what}, it is {taken[place]}; name another file")
        if path.is_file() or not path.exists():  # anything may go to /dev/null
            taken[place] = f"the file for {what} already"


def require_writable(path: Path) -> None:
    """Fail where `path` cannot be written.

    Raises:
        PublishingError: its folder is missing or not writable.
    """
    if not path.parent.is_dir():
        raise PublishingError(f"{path}: folder {path.parent} does not exist; create it first")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise PublishingError(f"{path}: cannot be written; check permissions")
