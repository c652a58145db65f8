"""Needs the train and yolo extras; the whole file is skipped without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from realtime_fer.errors import ModelCorruptError, ModelShapeError

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("ultralytics", reason="needs the yolo extra")

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def original() -> Any:
    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(0)
    model = DetectionModel("yolov8n.yaml", nc=1, verbose=False)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                module.weight.uniform_(0.5, 1.5)
    return model.eval()


def weights_of(original: Any) -> dict[str, np.ndarray]:
    """What an export holds: each normalisation folded into its convolution, ultralytics' names kept."""
    from copy import deepcopy

    folded = deepcopy(original).fuse(verbose=False)
    return {name: value.numpy() for name, value in folded.state_dict().items()}


def write_onnx(path: Path, weights: dict[str, np.ndarray]) -> Path:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    entries = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [result], entries)
    onnx.save(helper.make_model(graph), str(path))
    return path


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(0).random((8, 3, 96, 96), np.float32)


def test_the_restored_network_answers_as_the_export(tmp_path: Path, original: Any, pictures: np.ndarray) -> None:
    from realtime_fer.training.detection.yolov8n_restart import restore_yolov8n

    path = write_onnx(tmp_path / "a.onnx", weights_of(original))
    restored = restore_yolov8n(path, [pictures[:4], pictures[4:]])
    assert restored.training
    batch = torch.from_numpy(pictures[:2])
    with torch.no_grad():
        expected, found = original(batch)[0], restored.eval()(batch)[0]
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=2e-3)


def test_normalisation_knows_what_comes_to_it(tmp_path: Path, original: Any, pictures: np.ndarray) -> None:
    from realtime_fer.training.detection.yolov8n_restart import restore_yolov8n

    restored = restore_yolov8n(write_onnx(tmp_path / "a.onnx", weights_of(original)), [pictures])
    first = restored.model[0]
    with torch.no_grad():
        seen = first.conv(torch.from_numpy(pictures))
    np.testing.assert_allclose(first.bn.running_mean.numpy(), seen.mean(dim=(0, 2, 3)).numpy(), atol=1e-5)
    np.testing.assert_allclose(first.bn.running_var.numpy(), seen.var(dim=(0, 2, 3), correction=0).numpy(), rtol=1e-3)
    # So the first step of training sees what evaluation sees.
    with torch.no_grad():
        trained, evaluated = first.train()(torch.from_numpy(pictures)), first.eval()(torch.from_numpy(pictures))
    np.testing.assert_allclose(trained.numpy(), evaluated.numpy(), atol=1e-2)


def test_another_network_is_refused_by_name(tmp_path: Path, original: Any) -> None:
    from realtime_fer.training.detection.yolov8n_restart import restore_yolov8n

    weights = weights_of(original)
    del weights["model.1.conv.bias"]
    with pytest.raises(ModelShapeError, match=r"model\.1\.conv\.bias.*found nothing"):
        restore_yolov8n(write_onnx(tmp_path / "a.onnx", weights), [])
    weights["model.1.conv.bias"] = np.zeros(7, np.float32)
    with pytest.raises(ModelShapeError, match=r"found shape \(7,\)"):
        restore_yolov8n(write_onnx(tmp_path / "b.onnx", weights), [])


def test_what_is_no_onnx_file_is_refused(tmp_path: Path) -> None:
    from realtime_fer.training.detection.yolov8n_restart import restore_yolov8n

    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\x00not a model")
    with pytest.raises(ModelCorruptError, match="not a readable ONNX model"):
        restore_yolov8n(broken, [])
