"""Names for what files and records hold, that change when it does: to know them again, and to see what is damaged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

SHORT: Final = 12
"""Hexadecimal digits of a fingerprint; a SHA-256 has 64."""

SAMPLES: Final = 64
SAMPLE_BYTES: Final = 1 << 16
"""Large files are sampled: blocks spread evenly over each, its beginning and end among them."""

_BLOCK_BYTES: Final = 1 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 of every byte of one file, as 64 hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def files_fingerprint(paths: Iterable[Path]) -> str:
    """Of names, sizes and sampled contents of files, in the order given; those that are not there do not count."""
    digest = hashlib.sha256()
    for path in paths:
        if not path.is_file():
            continue
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            for block in range(SAMPLES):
                file.seek(max(0, size - SAMPLE_BYTES) * block // (SAMPLES - 1))
                digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()[:SHORT]


def source_fingerprint(paths: Iterable[Path]) -> str:
    """Of names, sizes, times and first bytes of files that something large is made from.

    The times are there because fine-tuned weights may differ from others between any two samples.
    """
    found = []
    for path in paths:
        if path.is_file():
            status = path.stat()
            with path.open("rb") as file:
                found.append((path.name, status.st_size, status.st_mtime_ns, file.read(SAMPLE_BYTES)))
    return records_fingerprint(found)


def records_fingerprint(records: Iterable[object]) -> str:
    """Of records whose `repr` says all that they hold."""
    digest = hashlib.sha256()
    for record in records:
        digest.update(f"{record!r}\n".encode())
    return digest.hexdigest()[:SHORT]
