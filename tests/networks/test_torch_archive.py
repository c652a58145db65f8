from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs torch")

from realtime_fer.errors import ModelCorruptError  # noqa: E402
from realtime_fer.networks.torch_archive import require_whole_archive  # noqa: E402

pytestmark = pytest.mark.torch


def test_one_bit_tells(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    torch.save({"a": torch.ones(1000)}, path)
    require_whole_archive(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:])
    with pytest.raises(ModelCorruptError, match=r"weights\.bin: .*data/0 in it does not fit its checksum; fetch"):
        require_whole_archive(path)
    path.write_bytes(whole[:2000])
    with pytest.raises(ModelCorruptError, match=r"weights\.bin: is cut short or damaged"):
        require_whole_archive(path)


def test_what_carries_no_checksums_passes(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"anything")
    require_whole_archive(tmp_path / "other")
