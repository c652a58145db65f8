from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_fer.detection import yolov8_face_onnx
from realtime_fer.detection.yolov8_face_onnx import YoloV8FaceOnnx
from realtime_fer.evaluation.detection.own_size import YoloV8FaceAtOwnSize, open_for_evaluation, own_long_side
from realtime_fer.inference.session import open_session
from realtime_fer.zoo.manifest import DetectorManifest
from realtime_fer.zoo.shelf import find_model
from tests.detection.yolo_graphs import save_constant_head
from tests.evaluation.detector_folders import save_detector


@pytest.mark.parametrize(
    ("width", "height", "side"),
    [(640, 480, 640), (480, 640, 640), (641, 10, 672), (639, 10, 640), (100, 50, 320), (4000, 3000, 1280), (1280, 1, 1280)],
)
def test_own_size_is_the_long_side_in_steps_and_bounds(width: int, height: int, side: int) -> None:
    assert own_long_side(width, height) == side


def test_pictures_of_any_size_share_one_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def listening(path: Path, **settings: Any) -> Any:
        opened.append(path)
        return open_session(path, **settings)

    monkeypatch.setattr(yolov8_face_onnx, "open_session", listening)
    path = save_constant_head(tmp_path / "m.onnx", np.array([[[160], [96], [40], [60], [0.9]]], np.float32))
    detector = YoloV8FaceAtOwnSize(path, long_side_px=320)
    # The head's box lies at (140, 66) to (180, 126) of the input: the frame itself at its own size.
    (small,) = detector.detect(np.zeros((320, 320, 3), np.uint8))
    (large,) = detector.detect(np.zeros((640, 640, 3), np.uint8))
    np.testing.assert_allclose(small.bbox_xyxy, [140, 66, 180, 126], atol=1e-3)
    np.testing.assert_allclose(large.bbox_xyxy, [140, 66, 180, 126], atol=1e-3)
    # The service's detector shrinks the second to half.
    (shrunk,) = YoloV8FaceOnnx(path, long_side_px=320).detect(np.zeros((640, 640, 3), np.uint8))
    np.testing.assert_allclose(shrunk.bbox_xyxy, [280, 132, 360, 252], atol=1e-3)
    assert len(opened) == 2


def test_an_export_of_fixed_size_keeps_it(tmp_path: Path) -> None:
    head = np.array([[[32], [32], [32], [32], [0.9]]], np.float32)
    path = save_constant_head(tmp_path / "m.onnx", head, input_shape=(1, 3, 64, 64))
    (found,) = YoloV8FaceAtOwnSize(path).detect(np.zeros((640, 640, 3), np.uint8))
    np.testing.assert_allclose(found.bbox_xyxy, [160, 160, 480, 480], atol=1e-3)


def test_nothing_is_cut_off_for_an_evaluation(tmp_path: Path) -> None:
    model = find_model(str(save_detector(tmp_path / "tiny")))
    assert isinstance(model.manifest, DetectorManifest)
    faint = np.zeros((64, 64, 3), np.uint8)
    faint[..., 2] = 10  # a score of 0.04, far below the model's threshold
    for side, kind in ((None, YoloV8FaceAtOwnSize), (64, YoloV8FaceOnnx)):
        detector = open_for_evaluation(model, model.manifest, long_side_px=side)
        assert type(detector) is kind
        assert detector.name == "tiny"
        assert len(detector.detect(faint)) == 1
