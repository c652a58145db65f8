from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError
from realtime_fer.zoo.manifest import ChainManifest, read_manifest
from realtime_fer.zoo.shelf import find_model, verify_model


def one_file(folder: Path, name: str) -> dict[str, Any]:
    (folder / name).write_text(name)
    return {"file": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "size_bytes": len(name)}


def written(folder: Path, **changed: Any) -> Path:
    content = {
        "name": "m",
        "version": "1.0",
        "task": "chain-of-affect",
        **one_file(folder, "face.onnx"),
        "licence": "Apache-2.0",
        "licence_note": "none",
        "description": "a model",
        "trained_on": "nothing",
        "labels": ["Fear", "Neutral"],
        "none": "none",
        "crop": {"size_px": 48, "colour": "grey", "margin": 0.0},
        "temperatures": [0.5, 0.75],
        "max_tokens": 64,
        "language": one_file(folder, "language.onnx"),
        "tokenizer": one_file(folder, "tokenizer.json"),
        "torch_form": [one_file(folder, "model.safetensors")],
    }
    (folder / "manifest.json").write_text(json.dumps({**content, **changed}))
    return folder


def test_a_chain_model_is_known_by_its_task(tmp_path: Path) -> None:
    manifest = read_manifest(written(tmp_path))
    assert isinstance(manifest, ChainManifest)
    assert (manifest.temperatures, manifest.none, manifest.language.file) == ((0.5, 0.75), "none", "language.onnx")
    assert [further.file for further in manifest.further_files] == ["language.onnx", "tokenizer.json", "model.safetensors"]


@pytest.mark.parametrize("file", ["face.onnx", "language.onnx", "tokenizer.json", "model.safetensors"])
def test_every_file_is_verified(tmp_path: Path, file: str) -> None:
    model = find_model(str(written(tmp_path)))
    verify_model(model)
    (tmp_path / file).write_text(file.upper())
    with pytest.raises(ModelCorruptError, match=file):
        verify_model(model)
    (tmp_path / file).unlink()
    with pytest.raises(ModelNotFoundError, match=file):
        verify_model(model)


@pytest.mark.parametrize("changed", [{"temperatures": [1.0]}, {"none": None}, {"max_tokens": 0}, {"labels": []}])
def test_fields_that_are_wrong_are_named(tmp_path: Path, changed: dict[str, Any]) -> None:
    with pytest.raises(ModelCorruptError, match=next(iter(changed))):
        read_manifest(written(tmp_path, **changed))
