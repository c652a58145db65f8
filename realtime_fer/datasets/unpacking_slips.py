"""What a user may have named in place of a data set's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

ARCHIVE_SUFFIXES: Final = frozenset({".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zip"})


def unpacking_slip(folder: Path, signs: Sequence[str]) -> str | None:
    """The slip that would explain why a reader did not find its set here, with what to do; None where there is none to see.

    Args:
        folder: what the user named.
        signs: patterns of names, one of which any folder of the set holds.
    """
    if folder.is_file():
        return None if folder.suffix == ".npz" else "name a folder, not a file; an archive has to be unpacked"
    if not folder.is_dir():
        return f"there is no folder {folder}"
    if _holds(folder, signs):
        return None
    inside = sorted(folder.glob("[!.]*"))
    place = next((path for path in inside if path.is_dir() and _holds(path, signs)), None)
    if place is None and _is_part(folder.absolute(), signs):
        place = folder.absolute().parent
    if place is not None:
        return f"{place} looks like the set's folder: name that one"
    packed = [path.name for path in inside if path.suffix.lower() in ARCHIVE_SUFFIXES]
    return f"{packed[0]} is there but not unpacked" if packed else None


def _is_part(folder: Path, signs: Sequence[str]) -> bool:
    """Whether a sign of the folder above is this one or in it; what lies beside it may be anything."""
    return any(folder in (found, *found.parents) for sign in signs for found in folder.parent.glob(sign))


def _holds(folder: Path, signs: Sequence[str]) -> bool:
    return any(next(folder.glob(sign), None) is not None for sign in signs)
