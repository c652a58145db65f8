"""Whether the files that a data set's list names are there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from realtime_fer.errors import DatasetError


def require_files(folder: Path, names: Sequence[str], lister: str, advice: str) -> None:
    """Check that every file of a list is there. One listing a sub-folder: asking for each of 280,000 takes minutes.

    Args:
        folder: what the names are below.
        names: files or paths with "/".
        lister: the list, for the message ("label.csv").
        advice: what to try where some are missing.

    Raises:
        DatasetError: some are missing, or a folder may not be read; the message names the first and counts the others.
    """
    wanted: dict[str, list[str]] = defaultdict(list)
    for name in names:
        wanted[name.rpartition("/")[0]].append(name)
    missing, there = [], {}
    for place, inside in wanted.items():
        there[place] = _listing(folder / place)
        missing += [name for name in inside if name.rpartition("/")[2] not in there[place]]
    if not missing:
        return
    place, _, file = missing[0].rpartition("/")
    alike = next((name for name in there[place] if name.casefold() == file.casefold()), None)
    hint = "" if alike is None else f"; {alike} is there, so give files the names of the list, capitals included"
    raise DatasetError(
        f"{folder / missing[0]}: no such file, nor {len(missing) - 1} more of the {len(names)} that {lister} lists; "
        f"{advice}{hint}"
    )


def _listing(folder: Path) -> set[str]:
    try:
        return {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    except OSError as error:
        raise DatasetError(
            f"{folder}: expected a folder that may be read, found none ({error.strerror}); change its permissions"
        ) from error
