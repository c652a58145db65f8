"""Whether a file that torch.save wrote is whole: it is a zip archive, with a checksum for every tensor."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from realtime_fer.errors import ModelCorruptError


def require_whole_archive(path: Path) -> None:
    """Compare every tensor with its checksum; reads the whole file, a piece at a time.

    Files of another form (safetensors, torch before 1.6) carry no checksums and pass.

    Raises:
        ModelCorruptError: a tensor is not what was written, or the archive is cut short.
    """
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
        raise ModelCorruptError(f"{path}: is cut short or damaged ({error}); fetch this file again") from error
    if damaged is not None:
        raise ModelCorruptError(f"{path}: {damaged} in it does not fit its checksum; fetch this file again")
