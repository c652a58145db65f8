from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from realtime_fer.detection.detector import Detector
from realtime_fer.detection.yolov8_face_onnx import YoloV8FaceOnnx
from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError, ModelShapeError, ShapeError
from tests.detection.yolo_graphs import save_brightness_head, save_constant_head


def head(*rows: tuple[float, ...]) -> np.ndarray:
    """One anchor a row, as the network writes them: (1, values, anchors)."""
    return np.array(rows, np.float32).T[None]


def test_faces_come_back_in_pixels_of_the_frame(tmp_path: Path) -> None:
    # A 640 x 360 frame is seen as 320 x 180 inside 320 x 192: scale 1/2, six rows of padding above.
    path = save_constant_head(tmp_path / "m.onnx", head((160, 96, 40, 60, 0.9), (161, 97, 40, 60, 0.6), (20, 26, 20, 20, 0.5)))
    detector: Detector = YoloV8FaceOnnx(path, confidence_threshold=0.4)
    faces = detector.detect(np.zeros((360, 640, 3), np.uint8))
    assert [round(face.confidence, 3) for face in faces] == [0.9, 0.5]
    np.testing.assert_allclose(faces[0].bbox_xyxy, [280, 120, 360, 240], atol=1e-3)
    np.testing.assert_allclose(faces[1].bbox_xyxy, [20, 20, 60, 60], atol=1e-3)
    assert faces[0].bbox_xyxy.dtype == np.float32
    assert faces[0].landmarks_xy is None


def test_landmarks_come_back_in_pixels_of_the_frame(tmp_path: Path) -> None:
    points = [(150, 86), (170, 86), (160, 96), (152, 110), (168, 110)]
    row = (160.0, 96.0, 40.0, 60.0, 0.9, *(float(v) for x, y in points for v in (x, y, 1)))
    (face,) = YoloV8FaceOnnx(save_constant_head(tmp_path / "m.onnx", head(row))).detect(np.zeros((360, 640, 3), np.uint8))
    assert face.landmarks_xy is not None
    np.testing.assert_allclose(face.landmarks_xy, [[300, 160], [340, 160], [320, 180], [304, 208], [336, 208]], atol=1e-3)


def test_fixed_size_export(tmp_path: Path) -> None:
    path = save_constant_head(tmp_path / "m.onnx", head((320, 320, 64, 64, 0.9)), input_shape=(1, 3, 640, 640))
    (face,) = YoloV8FaceOnnx(path).detect(np.zeros((360, 640, 3), np.uint8))
    # 140 rows of padding above, scale 1.
    np.testing.assert_allclose(face.bbox_xyxy, [288, 148, 352, 212], atol=1e-3)


@pytest.mark.parametrize("size", [(360, 640), (480, 640), (641, 479), (1, 1), (1, 900), (33, 2)])
def test_box_in_the_middle_stays_in_the_middle(tmp_path: Path, size: tuple[int, int]) -> None:
    detector = YoloV8FaceOnnx(save_brightness_head(tmp_path / "m.onnx"), confidence_threshold=0.01)
    image = np.zeros((*size, 3), np.uint8)
    image[..., 2] = 255  # the network's confidence is the mean of red
    faces = detector.detect(image)
    for face in faces:
        x0, y0, x1, y1 = face.bbox_xyxy
        assert 0 <= x0 < x1 <= size[1]
        assert 0 <= y0 < y1 <= size[0]
        # Uneven padding moves the middle by half a pixel of the network's input.
        tolerance = 0.5 * max(size) / 320 + 0.5
        assert (x0 + x1) / 2 == pytest.approx(size[1] / 2, abs=tolerance)
        assert (y0 + y1) / 2 == pytest.approx(size[0] / 2, abs=tolerance)
    if min(size) > 2:
        assert len(faces) == 1


def test_sees_red_as_the_first_plane(tmp_path: Path) -> None:
    detector = YoloV8FaceOnnx(save_brightness_head(tmp_path / "m.onnx"), confidence_threshold=0.0)
    image = np.zeros((64, 64, 3), np.uint8)
    image[..., 2] = 255
    assert detector.detect(image)[0].confidence == pytest.approx(1.0)
    assert detector.detect(image[..., ::-1])[0].confidence == pytest.approx(0.0)


def test_many_sizes_do_not_pile_up(tmp_path: Path) -> None:
    detector = YoloV8FaceOnnx(save_brightness_head(tmp_path / "m.onnx"), confidence_threshold=0.0)
    for side in range(20, 60):
        assert len(detector.detect(np.zeros((side, 40, 3), np.uint8))) == 1
    assert len(detector._letterboxes) <= 8


def test_thresholds_and_limits_are_obeyed(tmp_path: Path) -> None:
    path = save_constant_head(
        tmp_path / "m.onnx", head((50, 50, 20, 20, 0.9), (54, 50, 20, 20, 0.8), (200, 50, 20, 20, 0.7), (20, 150, 20, 20, 0.3))
    )
    image = np.zeros((192, 320, 3), np.uint8)
    assert len(YoloV8FaceOnnx(path, confidence_threshold=0.35, iou_threshold=0.5).detect(image)) == 2
    assert len(YoloV8FaceOnnx(path, confidence_threshold=0.25, iou_threshold=0.5).detect(image)) == 3
    assert len(YoloV8FaceOnnx(path, confidence_threshold=0.25, iou_threshold=0.9).detect(image)) == 4
    assert len(YoloV8FaceOnnx(path, confidence_threshold=0.25, iou_threshold=0.9, max_faces=2).detect(image)) == 2


def test_time_of_the_network_alone(tmp_path: Path) -> None:
    detector = YoloV8FaceOnnx(save_constant_head(tmp_path / "face-net.onnx", head((1, 1, 1, 1, 0.0))))
    assert detector.name == "face-net"
    assert detector.last_model_ms == 0.0
    assert detector.detect(np.zeros((32, 32, 3), np.uint8)) == []
    assert detector.last_model_ms > 0.0


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)])
def test_other_pictures_are_refused(tmp_path: Path, image: np.ndarray) -> None:
    detector = YoloV8FaceOnnx(save_constant_head(tmp_path / "m.onnx", head((1, 1, 1, 1, 0.0))))
    with pytest.raises(ShapeError, match="expected uint8 BGR"):
        detector.detect(image)


def test_corrupt_and_missing_files(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    with pytest.raises(ModelNotFoundError):
        YoloV8FaceOnnx(path)
    path.write_bytes(b"\0" * 64)
    with pytest.raises(ModelCorruptError):
        YoloV8FaceOnnx(path)


ONE = head((1, 1, 1, 1, 0.0))


@pytest.mark.parametrize(
    ("network", "kwargs", "expected"),
    [
        (ONE, {"input_shape": ("n", 1, "h", "w")}, r"float32 of shape \(1, 3, height, width\).*'n', 1, 'h', 'w'"),
        (ONE, {"input_shape": (2, 3, 64, 64)}, r"found images .*\[2, 3, 64, 64\]"),
        (ONE, {"input_shape": ("n", 3, "h")}, r"expected one input"),
        (ONE, {"input_shape": (1, 3, 64, "w")}, r"both fixed or both free"),
        (ONE, {"input_type": TensorProto.UINT8}, r"tensor\(uint8\)"),
        (ONE, {"extra_input": True}, r"expected one input.*more"),
        (ONE, {"outputs": 3}, r"expected one output.*found 3"),
        (np.zeros((1, 84, 10)), {}, r"expected one output of shape \(1, 5, A\) or \(1, 20, A\).*found \(1, 84, 10\)"),
        (np.zeros((1, 10, 5)), {}, r"found \(1, 10, 5\)"),
        (np.zeros((5, 10)), {}, r"found \(5, 10\)"),
    ],
)
def test_other_networks_are_refused_at_construction(
    tmp_path: Path, network: np.ndarray, kwargs: dict[str, object], expected: str
) -> None:
    path = save_constant_head(tmp_path / "other.onnx", network, **kwargs)  # type: ignore[arg-type]
    with pytest.raises(ModelShapeError, match=expected) as raised:
        YoloV8FaceOnnx(path)
    assert str(raised.value).startswith("other: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"confidence_threshold": 1.5}, "confidence_threshold"),
        ({"iou_threshold": -0.1}, "iou_threshold"),
        ({"long_side_px": 8}, "long_side_px"),
    ],
)
def test_settings_out_of_range_are_named(tmp_path: Path, settings: dict[str, float], key: str) -> None:
    path = save_constant_head(tmp_path / "m.onnx", ONE)
    with pytest.raises(ModelError, match=key):
        YoloV8FaceOnnx(path, **settings)  # type: ignore[arg-type]
