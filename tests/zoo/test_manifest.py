from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError
from realtime_fer.zoo.manifest import DetectorManifest, ExpressionManifest, read_manifest

COMMON = {
    "name": "m",
    "version": "1.0",
    "file": "m.onnx",
    "sha256": "0" * 64,
    "size_bytes": 3,
    "licence": "Apache-2.0",
    "licence_note": "none",
    "description": "a model",
    "trained_on": "nothing",
}
EXPRESSION: dict[str, Any] = {
    **COMMON,
    "task": "expression",
    "labels": ["neutral", "happiness"],
    "crop": {"size_px": 48, "colour": "grey", "margin": 0.1},
    "temperature": 1.5,
    "valence_arousal": None,
}
DETECTOR: dict[str, Any] = {
    **COMMON,
    "task": "face-detection",
    "head": "yolov8",
    "keypoints": 0,
    "stride": 32,
    "long_side_px": 320,
    "confidence_threshold": 0.4,
    "iou_threshold": 0.5,
}


def write(folder: Path, content: dict[str, Any]) -> Path:
    (folder / "manifest.json").write_text(json.dumps(content))
    return folder


def test_both_kinds_are_told_apart_by_task(tmp_path: Path) -> None:
    expression = read_manifest(write(tmp_path, EXPRESSION))
    assert isinstance(expression, ExpressionManifest)
    assert expression.crop.margin == 0.1
    assert isinstance(read_manifest(write(tmp_path, DETECTOR)), DetectorManifest)


def test_what_unknown_promises_is_optional(tmp_path: Path) -> None:
    plain = read_manifest(write(tmp_path, EXPRESSION))
    assert isinstance(plain, ExpressionManifest)
    assert plain.abstention is None
    promise = {"unknown_below": 0.5, "answered_share": 0.9, "max_error": 0.1, "certainty": 0.95, "faces": 100}
    with_promise = read_manifest(write(tmp_path, {**EXPRESSION, "abstention": promise}))
    assert isinstance(with_promise, ExpressionManifest)
    assert with_promise.abstention is not None
    assert with_promise.abstention.unknown_below == 0.5
    with pytest.raises(ModelCorruptError, match=r"abstention\.unknown_below"):
        read_manifest(write(tmp_path, {**EXPRESSION, "abstention": {**promise, "unknown_below": 2}}))


def test_none(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"manifest\.json"):
        read_manifest(tmp_path)


def test_not_json(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ModelCorruptError, match="not JSON"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"sha256": "abc"}, "sha256"),
        ({"temperature": 0}, "temperature"),
        ({"crop": {"size_px": 48, "colour": "blue", "margin": 0.1}}, r"crop\.colour"),
        ({"temprature": 1}, "temprature"),
        ({"task": "poetry"}, "expression"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, change: dict[str, Any], names: str) -> None:
    with pytest.raises(ModelCorruptError, match=names):
        read_manifest(write(tmp_path, {**EXPRESSION, **change}))


@pytest.mark.parametrize("name", ["../m.onnx", "/etc/passwd", "a/../../m.onnx", "", "..\\m.onnx"])
def test_files_outside_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelCorruptError, match="file"):
        read_manifest(write(tmp_path, {**EXPRESSION, "file": name}))
    assert read_manifest(write(tmp_path, {**EXPRESSION, "file": "sub/m.onnx"})).file == "sub/m.onnx"
