from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
safetensors_torch = pytest.importorskip("safetensors.torch", reason="needs the vlm extra")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError  # noqa: E402
from realtime_fer.networks.safetensors_shards import INDEX_FILE, Shards, read_tensors  # noqa: E402

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """a and b in one file, c in another; what the index does not name is not there."""
    one = {"a": torch.arange(600.0), "b": torch.ones(2, 3, dtype=torch.bfloat16), "unnamed": torch.zeros(1)}
    safetensors_torch.save_file(one, str(tmp_path / "one.safetensors"))
    safetensors_torch.save_file({"c": torch.zeros(4)}, str(tmp_path / "two.safetensors"))
    write_index(tmp_path, a="one.safetensors", b="one.safetensors", c="two.safetensors")
    return tmp_path


def write_index(folder: Path, **file_of: str) -> None:
    (folder / INDEX_FILE).write_text(json.dumps({"weight_map": file_of}))


def test_shapes_come_from_the_headers_and_tensors_as_stored(folder: Path) -> None:
    shards = Shards(folder)
    assert shards.shapes == {"a": (600,), "b": (2, 3), "c": (4,)}
    tensors = dict(shards.tensors(CPU))
    assert set(tensors) == {"a", "b", "c"}
    assert tensors["b"].dtype == torch.bfloat16
    assert torch.equal(tensors["a"], torch.arange(600.0))


def test_one_file_needs_no_index(tmp_path: Path) -> None:
    safetensors_torch.save_file({"a": torch.ones(2)}, str(tmp_path / "model.safetensors"))
    assert Shards(tmp_path).shapes == {"a": (2,)}


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"neither model\.safetensors\.index\.json nor"):
        Shards(tmp_path)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "two.safetensors").unlink()
    with pytest.raises(ModelNotFoundError, match=r"two\.safetensors: no such file"):
        Shards(folder)


def test_a_file_cut_short_is_seen_at_once(folder: Path) -> None:
    path = folder / "one.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ModelCorruptError, match=r"one\.safetensors: .* cut short or damaged"):
        Shards(folder)


def test_a_pointer_instead_of_the_file(folder: Path) -> None:
    (folder / "one.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5000000000\n")
    with pytest.raises(ModelCorruptError, match="pointer to large-file storage"):
        Shards(folder)


def test_a_tensor_that_is_not_where_the_index_says(folder: Path) -> None:
    write_index(folder, a="one.safetensors", d="two.safetensors")
    with pytest.raises(ModelCorruptError, match=r"two\.safetensors: lacks d"):
        Shards(folder)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"weight_map": 3}', '{"weight_map": {}}', '{"weight_map": {"a": "../x"}}', '{"weight_map": {"a": 1}}'],
)
def test_a_broken_index_is_named(folder: Path, text: str) -> None:
    (folder / INDEX_FILE).write_text(text)
    with pytest.raises(ModelCorruptError, match="is no index"):
        Shards(folder)


@pytest.mark.parametrize("name", ["w.safetensors", "w.bin", "old.bin"])
def test_one_file_of_either_kind(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(ModelNotFoundError, match=r"expected weights, found no file"):
        read_tensors(path, "weights")
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5000000000\n")
    with pytest.raises(ModelCorruptError, match=rf"{name}: a pointer of git-lfs, not the file; run git lfs"):
        read_tensors(path, "weights")
    path.write_bytes(b"no weights at all, and longer than a word")
    with pytest.raises(ModelCorruptError, match=rf"{name}: .*(no safetensors file|plain tensors).*fetch"):
        read_tensors(path, "weights")
    if name == "w.safetensors":
        safetensors_torch.save_file({"a": torch.arange(3.0)}, str(path))
    else:
        torch.save({"a": torch.arange(3.0)}, path, _use_new_zipfile_serialization=name == "w.bin")
    assert read_tensors(path, "weights")["a"].tolist() == [0, 1, 2]
