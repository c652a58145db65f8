from __future__ import annotations

from pathlib import Path

from realtime_fer.training.vlm.fingerprint import SAMPLE_BYTES, contents_fingerprint, files_fingerprint, records_fingerprint


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    found = set()
    for content in (b"a", b"b", b"ab", bytes(40 * SAMPLE_BYTES), bytes(40 * SAMPLE_BYTES - 1) + b"x"):
        path.write_bytes(content)
        found.add(files_fingerprint([path]))
        assert files_fingerprint([path, tmp_path / "none"]) == files_fingerprint([path])
    path.rename(tmp_path / "b.bin")
    found.add(files_fingerprint([tmp_path / "b.bin"]))
    assert len(found) == 6


def test_every_byte_of_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    content = bytearray(40 * SAMPLE_BYTES)
    path.write_bytes(content)
    before, sampled = contents_fingerprint(path), files_fingerprint([path])
    content[2 * SAMPLE_BYTES + 7_000] = 1  # between two samples
    path.write_bytes(content)
    assert contents_fingerprint(path) != before
    assert files_fingerprint([path]) == sampled


def test_records() -> None:
    assert records_fingerprint([(1, "a")]) == records_fingerprint([(1, "a")])
    assert len({records_fingerprint(records) for records in ([(1, "a")], [(1, "b")], [(1, "a"), (1, "a")], [])}) == 4
