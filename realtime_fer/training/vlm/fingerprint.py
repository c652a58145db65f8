"""Short names for what a run was started from, that change when it does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

SAMPLES: Final = 16
SAMPLE_BYTES: Final = 1 << 16
"""Large files are sampled: blocks spread evenly over each, its beginning and end among them."""


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
    return digest.hexdigest()[:12]


def records_fingerprint(records: Iterable[object]) -> str:
    """Of records whose `repr` says all that they hold."""
    digest = hashlib.sha256()
    for record in records:
        digest.update(f"{record!r}\n".encode())
    return digest.hexdigest()[:12]


def contents_fingerprint(path: Path) -> str:
    """Of every byte of one file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
