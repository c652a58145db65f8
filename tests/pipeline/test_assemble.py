from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.errors import MissingExtraError, ModelCorruptError, ModelNotFoundError, ModelShapeError
from realtime_fer.pipeline.assemble import ModelInUse, build_classifier, build_detector, build_fast_path, unknown_below
from realtime_fer.settings_layers import load_settings
from realtime_fer.sources.choose import open_source
from realtime_fer.zoo.shelf import find_model
from tests.tiny_onnx import save_linear_classifier


def detector_settings(name: str, **more: object) -> object:
    return load_settings(flags={"detector": {"name": name, **more}}).detector


def build(name: str, **more: object) -> object:
    return build_detector(detector_settings(name, **more), low_confidence=0.1)  # type: ignore[arg-type]


def test_the_shipped_models_find_both_people_of_the_demo() -> None:
    fast_path, models = build_fast_path(load_settings())
    source = open_source("demo:30", every_frame=True)
    source.open()
    seen: list[int] = []
    while (frame := source.read()) is not None:
        result = fast_path.process(frame)
        seen.append(len(result.faces))
        for face in result.faces:
            assert face.expression is not None
            assert face.expression.probabilities.sum() == pytest.approx(1, abs=1e-4)
    source.close()
    assert np.median(seen) == 2
    assert [model.name for model in models] == ["yolov8n-face", "emotion-gcn-ferplus"]
    assert [model.licence for model in models] == ["AGPL-3.0", "Apache-2.0"]


def test_haar_only_by_name() -> None:
    built = build("haar")
    assert built.model.name == "haar"  # type: ignore[attr-defined]
    assert len(built.model.sha256) == 64  # type: ignore[attr-defined]


def test_a_bare_onnx_file_has_no_known_licence(tmp_path: Path) -> None:
    shutil.copy(find_model("yolov8n-face").weights, tmp_path / "mine.onnx")
    built = build(str(tmp_path / "mine.onnx"), confidence=0.6)
    assert built.model.licence == "LicenseRef-unknown"  # type: ignore[attr-defined]
    assert built.confidence == 0.6  # type: ignore[attr-defined]


def test_a_corrupt_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelCorruptError, match=r"bad\.onnx"):
        build(str(tmp_path / "bad.onnx"))


def test_a_classifier_is_no_detector_and_the_other_way_round(tmp_path: Path) -> None:
    with pytest.raises(ModelShapeError, match="expected a face detector, found task 'expression'"):
        build("emotion-gcn-ferplus")
    with pytest.raises(ModelShapeError, match="expected an expression classifier, found task 'face-detection'"):
        build_classifier(load_settings(flags={"classifier": {"name": "yolov8n-face"}}).classifier)
    save_linear_classifier(tmp_path / "c.onnx")
    with pytest.raises(ModelShapeError, match="c: expected one input"):
        build(str(tmp_path / "c.onnx"))


def test_the_precision_asked_for_is_the_one_in_use() -> None:
    for name, built in (
        ("face-lite", lambda precision: build("face-lite", precision=precision).model),  # type: ignore[attr-defined]
        ("emotion-gcn-ferplus", classifier_in_use),
    ):
        manifest = find_model(name).manifest
        assert manifest.int8 is not None
        assert built("fp32").sha256 == manifest.sha256
        assert built("int8").sha256 == manifest.int8.sha256
        assert built("auto").sha256 in {manifest.sha256, manifest.int8.sha256}


def classifier_in_use(precision: str) -> ModelInUse:
    return build_classifier(load_settings(flags={"classifier": {"precision": precision}}).classifier)[1]


def test_the_limit_of_unknown_is_set_or_the_models_or_a_third(tmp_path: Path) -> None:
    def limit(**flags: object) -> float:
        return unknown_below(load_settings(flags={"classifier": flags}).classifier)

    shipped = find_model("emotion-gcn-ferplus")
    copy = tmp_path / "copy"
    shutil.copytree(shipped.folder, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    promise = {"unknown_below": 0.62, "answered_share": 0.8, "max_error": 0.1, "certainty": 0.95, "faces": 100}
    (copy / "manifest.json").write_text(json.dumps({**manifest, "abstention": promise}))
    assert limit(name=str(copy)) == 0.62
    assert limit(name=str(copy), unknown_below=0.4) == 0.4
    (copy / "manifest.json").write_text(json.dumps({**manifest, "abstention": None}))
    assert limit(name=str(copy)) == 0.3


@pytest.mark.parametrize("name", ["none.onnx", "none.pt", "nobody"])
def test_missing(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelNotFoundError, match=name):
        build(str(tmp_path / name) if "." in name else name)


def test_a_pt_file_needs_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ultralytics", None)
    (tmp_path / "w.pt").write_bytes(b"x")
    with pytest.raises(MissingExtraError, match=r"realtime-fer\[yolo\]"):
        build(str(tmp_path / "w.pt"))


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    shutil.copytree(find_model("emotion-gcn-ferplus").folder, tmp_path / "m")
    manifest = json.loads((tmp_path / "m" / "manifest.json").read_text())
    weights = tmp_path / "m" / manifest["file"]
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelCorruptError, match="expected sha256"):
        build_classifier(load_settings(flags={"classifier": {"name": str(tmp_path / "m")}}).classifier)
