from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from realtime_fer.fingerprint import (
    SAMPLE_BYTES,
    SAMPLES,
    files_fingerprint,
    records_fingerprint,
    sha256_of,
    source_fingerprint,
)

LARGE = 2 * SAMPLES * SAMPLE_BYTES
"""Half of it is between two samples."""


@pytest.mark.parametrize("size", [0, 1, 1 << 20, 3_000_000])
def test_every_byte_of_one_file(tmp_path: Path, size: int) -> None:
    content = b"x" * size
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    found = set()
    for content in (b"a", b"b", b"ab", bytes(LARGE), bytes(LARGE - 1) + b"x"):
        path.write_bytes(content)
        found.add(files_fingerprint([path]))
        assert files_fingerprint([path, tmp_path / "none"]) == files_fingerprint([path])
    path.rename(tmp_path / "b.bin")
    found.add(files_fingerprint([tmp_path / "b.bin"]))
    assert len(found) == 6


def test_large_files_are_sampled(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    content = bytearray(LARGE)
    path.write_bytes(content)
    before, sampled = sha256_of(path), files_fingerprint([path])
    content[SAMPLE_BYTES + 7_000] = 1  # between the first sample and the second
    path.write_bytes(content)
    assert sha256_of(path) != before
    assert files_fingerprint([path]) == sampled


def test_a_source_is_another_when_its_time_is(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    found = set()
    for content, time_ns in ((b"a", 10**18), (b"b", 10**18), (b"ab", 10**18), (b"ab", 2 * 10**18)):
        path.write_bytes(content)
        os.utime(path, ns=(time_ns, time_ns))
        found.add(source_fingerprint([path]))
        assert source_fingerprint([path, tmp_path / "none"]) == source_fingerprint([path])
    path.rename(tmp_path / "b.bin")
    found.add(source_fingerprint([tmp_path / "b.bin"]))
    assert len(found) == 5


def test_records() -> None:
    assert records_fingerprint([(1, "a")]) == records_fingerprint([(1, "a")])
    assert len({records_fingerprint(records) for records in ([(1, "a")], [(1, "b")], [(1, "a"), (1, "a")], [])}) == 4
