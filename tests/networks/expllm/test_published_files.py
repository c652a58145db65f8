from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")
safetensors_torch = pytest.importorskip("safetensors.torch", reason="needs the vlm extra")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError  # noqa: E402
from realtime_fer.networks.expllm.published_files import PublishedFiles  # noqa: E402
from tests.networks.expllm.tiny import tiny_config, write_published  # noqa: E402

pytestmark = pytest.mark.torch


def test_every_tensor_of_every_file(tmp_path: Path) -> None:
    tensors = write_published(tmp_path, tiny_config())
    files = PublishedFiles(tmp_path)
    assert files.files == ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"]
    read = dict(files.tensors())
    assert all(torch.equal(read[name], value) for name, value in tensors.items())
    assert files.shapes() == {name: tuple(value.shape) for name, value in read.items()}
    assert len(read) == len(tensors) + 2


def test_one_file_of_either_kind(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "pytorch_model.bin")
    assert PublishedFiles(tmp_path).shapes() == {"a": (2,)}
    safetensors_torch.save_file({"b": torch.ones(3)}, tmp_path / "model.safetensors")
    assert PublishedFiles(tmp_path).shapes() == {"b": (3,)}


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="none of"):
        PublishedFiles(tmp_path)
    write_published(tmp_path, tiny_config())
    (tmp_path / "pytorch_model-00002-of-00002.bin").unlink()
    with pytest.raises(ModelNotFoundError, match="pytorch_model-00002"):
        PublishedFiles(tmp_path)


@pytest.mark.parametrize("index", ["{", "{}", '{"weight_map": {}}', '{"weight_map": {"a": "../x.bin"}}'])
def test_a_broken_index(tmp_path: Path, index: str) -> None:
    (tmp_path / "pytorch_model.bin.index.json").write_text(index)
    with pytest.raises(ModelCorruptError, match="no index"):
        PublishedFiles(tmp_path)


def test_broken_files(tmp_path: Path) -> None:
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(ModelCorruptError, match=r"pytorch_model\.bin: a pointer of git-lfs, not the file; run git lfs"):
        PublishedFiles(tmp_path).shapes()
    torch.save({"a": 3}, path)
    with pytest.raises(ModelCorruptError, match=r"expected weights \(tensors by name\), found entries a"):
        PublishedFiles(tmp_path).shapes()
    torch.save({"a": torch.ones(1)}, path)
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": {"b": "pytorch_model.bin"}}))
    with pytest.raises(ModelCorruptError, match="not those of the index"):
        PublishedFiles(tmp_path).shapes()
