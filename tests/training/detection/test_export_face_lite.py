"""Needs the train extra; the whole file is skipped without it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime_fer.detection.yolov8_face_onnx import YoloV8FaceOnnx
from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.networks.face_lite import FaceLite  # noqa: E402
from realtime_fer.training.detection import detector_folder  # noqa: E402
from realtime_fer.training.detection import export_face_lite as module  # noqa: E402
from realtime_fer.training.detection.onnx_form import write_detector_onnx  # noqa: E402

# torch warns about its own future while tracing.
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights whose moving average, and not the plain ones, sees faces everywhere."""
    torch.manual_seed(0)
    model, average = FaceLite(), FaceLite()
    with torch.no_grad():
        # Statistics other than 0 and 1, so that folding the normalisation has something to do.
        for layer in average.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.running_mean.normal_(0, 0.1)
                layer.running_var.uniform_(0.5, 1.5)
        for output in average.outputs:
            output.bias[0] = 3.0
    path = tmp_path_factory.mktemp("weights") / "last.pt"
    torch.save({"model": model.state_dict(), "average": average.state_dict(), "epoch": 3}, path)
    return path


@pytest.fixture(scope="module")
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "face-lite"
    picture = out.parent / "picture.png"
    cv2.imwrite(str(picture), np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8))
    return module.export_face_lite(checkpoint, out, version="2.1", confidence_threshold=0.45, pictures=[picture])


def test_manifest_describes_the_file(exported: Path) -> None:
    manifest = json.loads((exported.parent / "manifest.json").read_text())
    content = exported.read_bytes()
    assert manifest["file"] == exported.name == "face-lite.onnx"
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["size_bytes"] == len(content)
    assert (manifest["name"], manifest["version"], manifest["licence"]) == ("face-lite", "2.1", "Apache-2.0")
    assert (manifest["head"], manifest["keypoints"], manifest["stride"]) == ("yolov8", 0, 32)
    assert (manifest["long_side_px"], manifest["confidence_threshold"]) == (320, 0.45)
    assert sorted(path.name for path in exported.parent.iterdir()) == ["face-lite.onnx", "manifest.json"]


def test_normalisation_is_folded(exported: Path) -> None:
    import onnx

    graph = onnx.load(str(exported))
    assert "BatchNormalization" not in {node.op_type for node in graph.graph.node}
    assert {opset.domain for opset in graph.opset_import} == {""}
    assert graph.ir_version <= 8
    assert {p.key: p.value for p in graph.metadata_props}["licence"] == "Apache-2.0"


def test_the_service_takes_the_moving_average_of_any_size(exported: Path) -> None:
    detector = YoloV8FaceOnnx(exported, confidence_threshold=0.5)
    for shape in ((360, 640, 3), (480, 640, 3), (300, 100, 3)):
        assert detector.detect(np.zeros(shape, np.uint8))


def test_a_file_that_answers_otherwise_is_not_delivered(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_another(model: Any, path: Path, **stated: Any) -> None:
        with torch.no_grad():
            bias = model.network.outputs[0].bias
            bias.add_(0.01)
            write_detector_onnx(model, path, **stated)
            bias.sub_(0.01)

    monkeypatch.setattr(detector_folder, "write_detector_onnx", write_another)
    with pytest.raises(ModelError, match="differs from torch"):
        module.export_face_lite(checkpoint, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_unusable_checkpoints(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        module.export_face_lite(tmp_path / "none.pt", tmp_path / "out")
    (tmp_path / "broken.pt").write_bytes(b"no pickle")
    with pytest.raises(ModelCorruptError, match=r"broken\.pt"):
        module.export_face_lite(tmp_path / "broken.pt", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unreadable_picture(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"none\.png"):
        module.export_face_lite(checkpoint, tmp_path / "out", pictures=[tmp_path / "none.png"])
