from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from realtime_fer.errors import ModelError
from realtime_fer.training.exporting.same_answers import compared_faces, largest_difference
from realtime_fer.types import FloatArray
from tests.tiny_onnx import save_linear_classifier

SIZE_PX = 8


def test_the_faces_are_whole_levels_of_many_kinds() -> None:
    one, four = compared_faces(SIZE_PX)
    assert (one.shape, four.shape) == ((1, 3, SIZE_PX, SIZE_PX), (4, 3, SIZE_PX, SIZE_PX))
    assert all((faces == faces.round()).all() and faces.dtype == np.float32 for faces in (one, four))
    assert [float(np.ptp(face)) for face in four[1:]] == [255, 0, 0]


def test_the_largest_difference_is_a_share_of_large_outputs_and_whole_of_small_ones(tmp_path: Path) -> None:
    weights = save_linear_classifier(tmp_path / "m.onnx", classes=3, size_px=SIZE_PX, channels=3)

    def off_by(change: float, factor: float = 1.0) -> list[float]:
        def answers(faces: FloatArray) -> list[FloatArray]:
            return [factor * (faces.reshape(len(faces), -1) @ weights) + np.float32(change)]

        return [largest_difference(tmp_path / "m.onnx", answers, SIZE_PX, 10.0)]

    assert off_by(0.0) == pytest.approx([0], abs=1e-5)
    assert off_by(0.0, 2.0) == pytest.approx([0.5], abs=1e-5)
    assert 0 < off_by(0.5)[0] < 0.5


def test_other_answers_shapes_and_no_numbers_are_refused(tmp_path: Path) -> None:
    weights = save_linear_classifier(tmp_path / "m.onnx", classes=3, size_px=SIZE_PX, channels=3, valence_arousal=True)

    def compare(change: float, outputs: int = 2) -> float:
        def answers(faces: FloatArray) -> list[FloatArray]:
            flat = faces.reshape(len(faces), -1)
            affect = np.stack([flat.sum(axis=1), -1e-6 * flat.sum(axis=1) + np.float32(change)], axis=1)
            return [flat @ weights, affect][:outputs]

        return largest_difference(tmp_path / "m.onnx", answers, SIZE_PX, 1e-4)

    assert compare(0.0) < 1e-4
    with pytest.raises(ModelError, match=r"m\.onnx: the export differs .* in its valence_arousal \(at most 0\.0001\)"):
        compare(1e4)
    with pytest.raises(ModelError, match="by nan in its valence_arousal"):
        compare(float("nan"))
    with pytest.raises(ModelError, match=r"outputs of the shapes \[\(1, 3\), \(1, 2\)\], torch \[\(1, 3\)\]"):
        compare(0.0, outputs=1)
