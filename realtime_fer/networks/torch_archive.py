"""Files that torch.save wrote, zip archives with checksums: whether one is whole, and why torch refused one."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelCorruptError

CAUSE_CHARACTERS: Final = 200
_FORBIDDEN: Final = re.compile(r"(?i:unsupported (?:global|class):?) (?:GLOBAL )?(\w[\w.]*)")


def refusal(error: BaseException) -> str:
    """Why torch's weights-only reader refused a file, in a few words.

    Not in torch's own where the file holds code: those go on to tell how to run it.
    """
    text = " ".join(str(error).split())
    if found := _FORBIDDEN.search(text):
        return f"it wants {found[1]} to be run, and nothing in a file is run"
    return (
        text[:CAUSE_CHARACTERS]
        if text and "weights_only" not in text and not isinstance(error, KeyError)  # of a file that is no pickle: a number
        else f"{type(error).__name__}: damaged, or no plain tensors"
    )


def is_archive(path: Path) -> bool:
    """Whether torch 1.6 or newer wrote it, as far as its beginning tells."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def require_whole_archive(path: Path) -> None:
    """Compare every tensor with its checksum; reads the whole file, a piece at a time.

    Files of another form (safetensors, torch before 1.6) carry no checksums and pass.

    Raises:
        ModelCorruptError: a tensor is not what was written, or the archive is cut short.
    """
    if not is_archive(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
        raise ModelCorruptError(f"{path}: is cut short or damaged ({error}); fetch this file again") from error
    if damaged is not None:
        raise ModelCorruptError(f"{path}: {damaged} in it does not fit its checksum; fetch this file again")
