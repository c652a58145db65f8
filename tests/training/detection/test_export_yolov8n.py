"""Needs the train and yolo extras; the whole file is skipped without it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime_fer.detection.yolov8_face_onnx import YoloV8FaceOnnx
from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError, ModelShapeError

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("ultralytics", reason="needs the yolo extra")

# torch and ultralytics warn about their own future while tracing.
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


def save_checkpoint(
    path: Path, *, classes: int = 1, config: str = "yolov8n.yaml", ema_confidence_bias: float | None = None
) -> Path:
    """A checkpoint of random weights as ultralytics' trainer writes it; optionally with a marked moving average."""
    from copy import deepcopy

    from ultralytics.nn.tasks import DetectionModel, PoseModel

    torch.manual_seed(0)
    kind = PoseModel if "pose" in config else DetectionModel
    model = kind(config, nc=classes, verbose=False)
    with torch.no_grad():
        # Statistics other than 0 and 1, so that folding the normalisation has something to do.
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
    average = None
    if ema_confidence_bias is not None:
        average = deepcopy(model)
        with torch.no_grad():
            for branch in average.model[-1].cv3:
                branch[-1].bias.fill_(ema_confidence_bias)
    torch.save({"epoch": 3, "model": model, "ema": average, "train_args": {}, "version": "8.3.0"}, path)
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("weights") / "last.pt", ema_confidence_bias=3.0)


@pytest.fixture(scope="module")
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from realtime_fer.training.detection.export_yolov8n import export_detector

    out = tmp_path_factory.mktemp("models") / "yolov8n-face"
    picture = out.parent / "picture.png"
    cv2.imwrite(str(picture), np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8))
    return export_detector(
        checkpoint, out, trained_on="random numbers", version="2.1", confidence_threshold=0.4, pictures=[picture]
    )


def test_manifest_describes_the_file(exported: Path) -> None:
    manifest = json.loads((exported.parent / "manifest.json").read_text())
    content = exported.read_bytes()
    assert manifest["file"] == exported.name == "yolov8n-face.onnx"
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["size_bytes"] == len(content)
    assert manifest["name"] == "yolov8n-face"
    assert manifest["version"] == "2.1"
    assert manifest["trained_on"] == "random numbers"
    assert manifest["licence"] == "AGPL-3.0"
    assert "ultralytics" in manifest["licence_note"]
    assert (manifest["head"], manifest["keypoints"], manifest["stride"]) == ("yolov8", 0, 32)
    assert (manifest["long_side_px"], manifest["confidence_threshold"], manifest["iou_threshold"]) == (320, 0.4, 0.5)
    assert sorted(path.name for path in exported.parent.iterdir()) == ["manifest.json", "yolov8n-face.onnx"]


def test_the_moving_average_is_what_is_exported(exported: Path) -> None:
    # The average has a confidence bias of 3 everywhere, the plain weights one near -10.
    import onnxruntime

    session = onnxruntime.InferenceSession(str(exported))
    (output,) = session.run(None, {"images": np.full((2, 3, 64, 96), 0.5, np.float32)})
    assert output.shape == (2, 5, 12 * 8 + 6 * 4 + 3 * 2)
    assert output[:, 4].min() > 0.5


def test_normalisation_is_folded(exported: Path) -> None:
    import onnx

    graph = onnx.load(str(exported))
    onnx.checker.check_model(graph)
    operators = {node.op_type for node in graph.graph.node}
    assert "BatchNormalization" not in operators
    assert {opset.domain for opset in graph.opset_import} == {""}
    assert graph.ir_version <= 8
    assert {p.key: p.value for p in graph.metadata_props}["licence"] == "AGPL-3.0"


def test_the_service_takes_it(exported: Path) -> None:
    faces = YoloV8FaceOnnx(exported, confidence_threshold=0.2).detect(np.zeros((360, 640, 3), np.uint8))
    assert faces  # the marked average sees faces everywhere


def test_a_file_that_answers_otherwise_is_not_delivered(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime_fer.training.detection import detector_folder
    from realtime_fer.training.detection import export_yolov8n as module
    from realtime_fer.training.detection.onnx_form import write_detector_onnx

    def write_another(model: Any, path: Path, **stated: Any) -> None:
        with torch.no_grad():
            bias = model.model[-1].cv3[0][-1].bias
            bias.add_(0.01)
            write_detector_onnx(model, path, **stated)
            bias.sub_(0.01)

    monkeypatch.setattr(detector_folder, "write_detector_onnx", write_another)
    with pytest.raises(ModelError, match="differs from torch"):
        module.export_detector(checkpoint, tmp_path / "out", trained_on="x")
    assert list((tmp_path / "out").iterdir()) == []


def test_unusable_checkpoints(tmp_path: Path) -> None:
    from realtime_fer.training.detection.export_yolov8n import export_detector

    with pytest.raises(ModelNotFoundError):
        export_detector(tmp_path / "none.pt", tmp_path / "out", trained_on="x")
    (tmp_path / "broken.pt").write_bytes(b"no pickle")
    with pytest.raises(ModelCorruptError, match=r"broken\.pt"):
        export_detector(tmp_path / "broken.pt", tmp_path / "out", trained_on="x")
    with pytest.raises(ModelShapeError, match="found Detect with 2"):
        export_detector(save_checkpoint(tmp_path / "two.pt", classes=2), tmp_path / "out", trained_on="x")
    assert not (tmp_path / "out").exists()


def test_unreadable_picture(checkpoint: Path, tmp_path: Path) -> None:
    from realtime_fer.training.detection.export_yolov8n import export_detector

    with pytest.raises(ModelNotFoundError, match=r"none\.png"):
        export_detector(checkpoint, tmp_path / "out", trained_on="x", pictures=[tmp_path / "none.png"])
