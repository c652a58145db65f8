from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from realtime_fer.errors import ModelCorruptError
from realtime_fer.training.model_folder import write_model_folder
from realtime_fer.zoo.manifest import read_manifest
from realtime_fer.zoo.shelf import ShelvedModel, verify_model
from tests.zoo.test_manifest import DETECTOR

FIELDS = {key: value for key, value in DETECTOR.items() if key not in ("name", "file", "sha256", "size_bytes")}


def writes(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def test_what_is_written_is_whole_and_found(tmp_path: Path) -> None:
    out = tmp_path / "m"
    assert write_model_folder(out, "m", writes(b"net"), FIELDS) == out / "m.onnx"
    manifest = read_manifest(out)
    assert manifest.name == "m"
    verify_model(ShelvedModel(out, manifest))
    assert sorted(path.name for path in out.iterdir()) == ["m.onnx", "manifest.json"]


def test_a_failed_export_leaves_the_old_model(tmp_path: Path) -> None:
    write_model_folder(tmp_path, "m", writes(b"old"), FIELDS)

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("outputs differ")

    with pytest.raises(RuntimeError, match="outputs differ"):
        write_model_folder(tmp_path, "m", fail, FIELDS)
    assert (tmp_path / "m.onnx").read_bytes() == b"old"
    verify_model(ShelvedModel(tmp_path, read_manifest(tmp_path)))
    assert len(list(tmp_path.iterdir())) == 2


def test_a_wrong_field_is_named_before_anything_is_replaced(tmp_path: Path) -> None:
    with pytest.raises(ModelCorruptError, match="stride"):
        write_model_folder(tmp_path, "m", writes(b"x"), {**FIELDS, "stride": 0})
    assert list(tmp_path.iterdir()) == []
