from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from realtime_fer.errors import ModelCorruptError
from realtime_fer.training.exporting.model_folder import add_int8, int8_name, write_model_folder
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


def test_int8_weights_join_the_manifest_and_go_with_new_weights(tmp_path: Path) -> None:
    write_model_folder(tmp_path, "m", writes(b"net"), FIELDS)
    path = add_int8(tmp_path, writes(b"eight"), "ten pictures")
    assert path == tmp_path / int8_name("m") == tmp_path / "m-int8.onnx"
    manifest = read_manifest(tmp_path)
    assert manifest.int8 is not None
    assert (manifest.int8.file, manifest.int8.size_bytes, manifest.int8.calibrated_on) == ("m-int8.onnx", 5, "ten pictures")
    verify_model(ShelvedModel(tmp_path, manifest))
    write_model_folder(tmp_path, "m", writes(b"newer"), FIELDS)
    assert read_manifest(tmp_path).int8 is None
    assert not path.exists()


def test_a_failed_int8_export_changes_nothing(tmp_path: Path) -> None:
    write_model_folder(tmp_path, "m", writes(b"net"), FIELDS)
    before = (tmp_path / "manifest.json").read_bytes()

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("outputs differ")

    with pytest.raises(RuntimeError, match="outputs differ"):
        add_int8(tmp_path, fail, "ten pictures")
    assert (tmp_path / "manifest.json").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2
