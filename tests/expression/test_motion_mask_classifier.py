from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from realtime_fer.errors import ModelShapeError, ShapeError
from realtime_fer.expression.classifier import softmax
from realtime_fer.expression.motion_mask_classifier import MotionMaskClassifier, MotionMaskEstimate
from tests.tiny_onnx import save_linear_classifier

LABELS = ("anger", "happiness", "surprise")
SIZE_PX = 8


def save_with_mask(path: Path, mask_side: int = SIZE_PX) -> np.ndarray:
    """Logits by one matrix; the mask is the red plane over 255. Returns the matrix."""
    weights = np.random.default_rng(0).normal(0, 0.01, (3 * SIZE_PX**2, len(LABELS))).astype(np.float32)
    constants: dict[str, np.ndarray] = {
        "w": weights,
        "start": np.array([0, 0, 0], np.int64),
        "end": np.array([1, mask_side, mask_side], np.int64),
        "axes": np.array([1, 2, 3], np.int64),
        "white": np.array(255, np.float32),
    }
    nodes = [
        helper.make_node("Flatten", ["faces"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "w"], ["logits"]),
        helper.make_node("Slice", ["faces", "start", "end", "axes"], ["red"]),
        helper.make_node("Div", ["red", "white"], ["mask"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", 3, SIZE_PX, SIZE_PX])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(LABELS)]),
            helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["n", 1, mask_side, mask_side]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return weights


def build(path: Path) -> MotionMaskClassifier:
    return MotionMaskClassifier(path, labels=LABELS, size_px=SIZE_PX, margin=0.1, temperature=2.0, name="fmpn")


def test_each_face_has_probabilities_and_its_own_mask(tmp_path: Path) -> None:
    weights = save_with_mask(tmp_path / "m.onnx")
    crops = [np.random.default_rng(seed).integers(0, 256, (SIZE_PX, SIZE_PX, 3), dtype=np.uint8) for seed in range(3)]
    classifier = build(tmp_path / "m.onnx")
    found = classifier.classify(crops)
    flat = np.stack([crop.transpose(2, 0, 1).reshape(-1) for crop in crops]).astype(np.float32)
    np.testing.assert_allclose(found.probabilities, softmax(flat @ weights, 2.0), rtol=1e-4, atol=1e-6)
    assert isinstance(found, MotionMaskEstimate)
    assert found.valence_arousal is None
    assert found.motion_masks is not None
    np.testing.assert_allclose(found.motion_masks, np.stack([crop[..., 0] for crop in crops]) / 255, atol=1e-6)
    assert (classifier.crop_grey, classifier.crop_size_px, classifier.crop_margin) == (False, SIZE_PX, 0.1)
    assert classifier.last_model_ms > 0


def test_no_faces_no_masks_even_after_some(tmp_path: Path) -> None:
    save_with_mask(tmp_path / "m.onnx")
    classifier = build(tmp_path / "m.onnx")
    classifier.classify([np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8)])
    found = classifier.classify([])
    assert isinstance(found, MotionMaskEstimate)
    assert found.probabilities.shape == (0, 3)
    assert found.motion_masks is not None
    assert found.motion_masks.shape == (0, SIZE_PX, SIZE_PX)


def test_wrong_crops_and_models_without_masks_are_refused(tmp_path: Path) -> None:
    save_with_mask(tmp_path / "m.onnx")
    with pytest.raises(ShapeError, match=r"\(8, 8, 3\), found \(8, 8\)"):
        build(tmp_path / "m.onnx").classify([np.zeros((SIZE_PX, SIZE_PX), np.uint8)])
    save_linear_classifier(tmp_path / "plain.onnx", classes=3, size_px=SIZE_PX, channels=3)
    with pytest.raises(ModelShapeError, match=r"plain\.onnx: expected logits and motion mask .* 3 labels, found \[\(2, 3\)\]"):
        build(tmp_path / "plain.onnx")
    save_with_mask(tmp_path / "small.onnx", mask_side=4)
    with pytest.raises(ModelShapeError, match=r"found \[\(2, 3\), \(2, 1, 4, 4\)\]"):
        build(tmp_path / "small.onnx")
