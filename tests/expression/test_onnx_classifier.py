from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, ShapeError
from realtime_fer.expression.classifier import softmax
from realtime_fer.expression.onnx_classifier import OnnxClassifier
from realtime_fer.labels import FERPLUS_LABELS
from tests.tiny_onnx import save_linear_classifier


def build(path: Path, **changes: object) -> OnnxClassifier:
    settings: dict[str, object] = {"labels": FERPLUS_LABELS, "size_px": 16, "margin": 0.1, "grey": True, "temperature": 2.0}
    return OnnxClassifier(path, **{**settings, **changes})  # type: ignore[arg-type]


def crops(count: int, shape: tuple[int, ...] = (16, 16)) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.integers(0, 256, shape, dtype=np.uint8) for _ in range(count)]


def test_probabilities_are_those_of_the_matrix_at_the_temperature(tmp_path: Path) -> None:
    weights = save_linear_classifier(tmp_path / "m.onnx")
    faces = crops(3)
    expected = softmax(np.stack([f.reshape(-1) for f in faces]).astype(np.float32) @ weights, 2.0)
    estimate = build(tmp_path / "m.onnx").classify(faces)
    np.testing.assert_allclose(estimate.probabilities, expected, rtol=1e-4, atol=1e-6)
    assert estimate.valence_arousal is None


def test_colour_faces_go_in_as_planes(tmp_path: Path) -> None:
    weights = save_linear_classifier(tmp_path / "m.onnx", channels=3)
    face = crops(1, (16, 16, 3))[0]
    expected = softmax(face.transpose(2, 0, 1).reshape(1, -1).astype(np.float32) @ weights, 2.0)
    np.testing.assert_allclose(
        build(tmp_path / "m.onnx", grey=False).classify([face]).probabilities, expected, rtol=1e-4, atol=1e-6
    )


def test_valence_and_arousal_come_from_a_model_that_has_them_and_stay_in_range(tmp_path: Path) -> None:
    save_linear_classifier(tmp_path / "m.onnx", valence_arousal=True)
    affect = build(tmp_path / "m.onnx").classify(crops(2)).valence_arousal
    assert affect is not None
    assert affect.shape == (2, 2)
    assert (affect[:, 0] == 1).all()
    assert ((affect[:, 1] < 0) & (affect[:, 1] > -1)).all()


def test_no_faces(tmp_path: Path) -> None:
    save_linear_classifier(tmp_path / "m.onnx")
    assert build(tmp_path / "m.onnx").classify([]).probabilities.shape == (0, 8)


def test_fifty_faces_in_one_batch_equal_one_by_one(tmp_path: Path) -> None:
    save_linear_classifier(tmp_path / "m.onnx")
    classifier, faces = build(tmp_path / "m.onnx"), crops(50)
    together = classifier.classify(faces).probabilities
    alone = np.concatenate([classifier.classify([face]).probabilities for face in faces])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)
    assert classifier.last_model_ms > 0


def test_wrong_crop_shape(tmp_path: Path) -> None:
    save_linear_classifier(tmp_path / "m.onnx")
    with pytest.raises(ShapeError, match=r"expected face crops of shape \(16, 16\), found \(8, 8\)"):
        build(tmp_path / "m.onnx").classify(crops(1, (8, 8)))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"none\.onnx"):
        build(tmp_path / "none.onnx")


def test_corrupt_file(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    save_linear_classifier(path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ModelCorruptError, match=r"m\.onnx"):
        build(path)


def test_another_number_of_classes(tmp_path: Path) -> None:
    save_linear_classifier(tmp_path / "m.onnx", classes=7)
    with pytest.raises(ModelShapeError, match=r"expected logits of shape \(2, 8\) for 8 labels, found \(2, 7\)"):
        build(tmp_path / "m.onnx")


@pytest.mark.parametrize("changes", [{"size_px": 32}, {"grey": False}])
def test_another_input(tmp_path: Path, changes: dict[str, object]) -> None:
    save_linear_classifier(tmp_path / "m.onnx")
    with pytest.raises(ModelShapeError, match=r"m\.onnx"):
        build(tmp_path / "m.onnx", **changes)
