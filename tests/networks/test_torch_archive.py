from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs torch")

from realtime_fer.errors import ModelCorruptError  # noqa: E402
from realtime_fer.networks.torch_archive import is_archive, refusal, require_whole_archive  # noqa: E402

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


class Code:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("false",)


def test_code_in_a_file_is_named_and_nobody_is_told_to_run_it(tmp_path: Path) -> None:
    torch.save({"a": Code()}, tmp_path / "x")
    with pytest.raises(pickle.UnpicklingError) as caught:
        torch.load(tmp_path / "x", weights_only=True)
    assert refusal(caught.value) == f"it wants {os.system.__module__}.system to be run, and nothing in a file is run"


def test_other_refusals_are_short() -> None:
    assert refusal(OSError(22, "Invalid\nargument")) == "[Errno 22] Invalid argument"
    assert len(refusal(RuntimeError("long " * 100))) == 200
    assert refusal(EOFError()) == "EOFError: damaged, or no plain tensors"
    assert refusal(KeyError(105)) == "KeyError: damaged, or no plain tensors"
    assert refusal(pickle.UnpicklingError("set `weights_only` to False")) == "UnpicklingError: damaged, or no plain tensors"


def test_an_archive_is_told_by_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    torch.save({"a": torch.ones(1)}, path)
    assert is_archive(path)
    torch.save({"a": torch.ones(1)}, path, _use_new_zipfile_serialization=False)
    assert not is_archive(path)
