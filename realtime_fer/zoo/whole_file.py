"""A file that is here whole: what it is, what it is not, and copying it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelCorruptError, ModelError
from realtime_fer.fingerprint import sha256_of
from realtime_fer.zoo.hardware import in_units

ROUNDING: Final = 0.05
"""How far a size may be from its rounded one in the catalogue."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came from an address ("by hand" where a user brought it)."""

    size_bytes: int
    sha256: str
    url: str


def other_size(size_bytes: int | None, about_bytes: int | None, found: int) -> str | None:
    """The size that was expected, where another was found; either may be unknown."""
    if size_bytes is not None and found != size_bytes:
        return f"{size_bytes} bytes"
    if about_bytes is not None and abs(found - about_bytes) > ROUNDING * about_bytes:
        return f"about {in_units(about_bytes)}"
    return None


def require_plain(path: Path) -> None:
    """Raise ModelCorruptError for what is fetched in place of large files: nothing, pointers of git-lfs, and web pages."""
    with path.open("rb") as file:
        start = file.read(256)
    if not start:
        raise ModelCorruptError(f"{path}: is empty; fetch it again")
    start = start.lstrip().lower()
    if start.startswith(b"version https://git-lfs"):
        raise ModelCorruptError(f"{path}: a pointer of git-lfs, not the file; run git lfs install and git lfs pull there")
    if start.startswith((b"<!doctype html", b"<html")):
        raise ModelCorruptError(f"{path}: a web page, not the file; fetch it with a browser, logged in where that is asked")


def copy_whole(source: Path, target: Path, sha256: str) -> None:
    """Copy a file so that the target is there whole or not at all.

    Args:
        sha256: of the source.

    Raises:
        ModelCorruptError: the copy does not read back equal.
        ModelError: it cannot be written.
    """
    draft = target.with_name(target.name + ".part")
    try:
        shutil.copyfile(source, draft)
        if sha256_of(draft) != sha256:
            raise ModelCorruptError(f"{target}: the copy does not read back equal; is the disk sound?")
        os.replace(draft, target)
    except OSError as error:
        raise ModelError(f"{target}: cannot be written ({error.strerror}); is there room there?") from error
    finally:
        draft.unlink(missing_ok=True)
