from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from realtime_fer.detection.yolov8_face_pt import QUIET_ULTRALYTICS, YoloV8FacePt
from realtime_fer.errors import MissingExtraError, ModelCorruptError, ModelError, ModelNotFoundError, ModelShapeError


class FakeTensor:
    def __init__(self, values: object) -> None:
        self._values = np.asarray(values, np.float64)

    def cpu(self) -> FakeTensor:
        return self

    def numpy(self) -> np.ndarray:
        return self._values


class FakeYolo:
    task = "detect"
    names: dict[int, str] = {0: "face"}  # noqa: RUF012
    boxes: Any = [[10, 20, 30, 40], [-5, 0, 400, 50]]  # noqa: RUF012
    confidences: Any = [0.6, 0.8]  # noqa: RUF012
    keypoints: Any = None
    calls: list[dict[str, object]]

    def __init__(self, path: str) -> None:
        if b"broken" in Path(path).read_bytes():
            raise EOFError("Ran out of input")
        self.calls = []

    def predict(self, image: np.ndarray, **kwargs: object) -> list[SimpleNamespace]:
        self.calls.append(kwargs)
        boxes = SimpleNamespace(xyxy=FakeTensor(self.boxes), conf=FakeTensor(self.confidences))
        return [SimpleNamespace(boxes=boxes, keypoints=self.keypoints, speed={"inference": 12.5})]


@pytest.fixture
def fake_yolo(monkeypatch: pytest.MonkeyPatch) -> type[FakeYolo]:
    class Yolo(FakeYolo):
        pass

    module = ModuleType("ultralytics")
    module.YOLO = Yolo  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ultralytics", module)
    for key in QUIET_ULTRALYTICS:
        monkeypatch.setenv(key, "")
        monkeypatch.delenv(key)
    return Yolo


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "face.pt"
    path.write_bytes(b"weights")
    return path


def test_results_become_faces(fake_yolo: type[FakeYolo], weights: Path) -> None:
    detector = YoloV8FacePt(weights, long_side_px=256, confidence_threshold=0.2, iou_threshold=0.4, max_faces=7, device="cpu")
    faces = detector.detect(np.zeros((100, 200, 3), np.uint8))
    np.testing.assert_allclose([face.bbox_xyxy for face in faces], [[0, 0, 200, 50], [10, 20, 30, 40]])
    assert [face.confidence for face in faces] == pytest.approx([0.8, 0.6])
    assert faces[0].bbox_xyxy.dtype == np.float32
    assert detector.last_model_ms == 12.5
    assert detector.name == "face"
    expected = {"imgsz": 256, "conf": 0.2, "iou": 0.4, "max_det": 7, "device": "cpu", "verbose": False}
    assert detector._model.calls == [expected, expected], "a warm-up and the frame"


def test_an_installation_that_cannot_run_is_found_before_the_first_frame(
    fake_yolo: type[FakeYolo], weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def predict(*_: object, **__: object) -> None:
        raise RuntimeError("operator torchvision::nms does not exist\nmore")

    monkeypatch.setattr(fake_yolo, "predict", predict)
    with pytest.raises(ModelError, match=r"torchvision::nms does not exist\); torch and torchvision must be of matching"):
        YoloV8FacePt(weights)


def test_five_points_are_taken_and_other_numbers_ignored(fake_yolo: type[FakeYolo], weights: Path) -> None:
    fake_yolo.task = "pose"
    fake_yolo.keypoints = SimpleNamespace(xy=FakeTensor(np.arange(20).reshape(2, 5, 2)))
    faces = YoloV8FacePt(weights).detect(np.zeros((100, 200, 3), np.uint8))
    assert faces[0].landmarks_xy is not None
    np.testing.assert_array_equal(faces[0].landmarks_xy, np.arange(10, 20).reshape(5, 2))
    fake_yolo.keypoints = SimpleNamespace(xy=FakeTensor(np.zeros((2, 17, 2))))
    assert YoloV8FacePt(weights).detect(np.zeros((100, 200, 3), np.uint8))[0].landmarks_xy is None


def test_no_face(fake_yolo: type[FakeYolo], weights: Path) -> None:
    fake_yolo.boxes, fake_yolo.confidences = np.zeros((0, 4)), np.zeros(0)
    assert YoloV8FacePt(weights).detect(np.zeros((10, 10, 3), np.uint8)) == []


def test_ultralytics_is_told_to_stay_offline(fake_yolo: type[FakeYolo], weights: Path) -> None:
    YoloV8FacePt(weights)
    assert {key: os.environ[key] for key in QUIET_ULTRALYTICS} == QUIET_ULTRALYTICS


def test_missing_file_is_not_downloaded(fake_yolo: type[FakeYolo], tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"yolov8n-face\.pt"):
        YoloV8FacePt(tmp_path / "yolov8n-face.pt")


def test_broken_file(fake_yolo: type[FakeYolo], tmp_path: Path) -> None:
    path = tmp_path / "face.pt"
    path.write_bytes(b"broken")
    with pytest.raises(ModelCorruptError, match=r"face\.pt.*Ran out of input"):
        YoloV8FacePt(path)


@pytest.mark.parametrize(("task", "names"), [("classify", {0: "face"}), ("detect", {0: "person", 1: "bicycle"})])
def test_other_networks_are_refused(fake_yolo: type[FakeYolo], weights: Path, task: str, names: dict[int, str]) -> None:
    fake_yolo.task, fake_yolo.names = task, names
    with pytest.raises(ModelShapeError, match=f"found task '{task}' with {len(names)} classes"):
        YoloV8FacePt(weights)


def test_missing_ultralytics_names_the_extra(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(MissingExtraError, match=r"realtime-fer\[yolo\]"):
        YoloV8FacePt(weights)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
def test_a_real_network_of_random_weights(tmp_path: Path) -> None:
    ultralytics = pytest.importorskip("ultralytics", reason="needs the yolo extra")
    network = ultralytics.YOLO("yolov8n.yaml")
    network.model.names = {0: "face"}
    network.save(str(tmp_path / "random.pt"))
    try:
        detector = YoloV8FacePt(tmp_path / "random.pt", confidence_threshold=0.0001, max_faces=5)
    except ModelError as error:
        pytest.skip(f"this environment's torch and torchvision do not match: {error}")
    faces = detector.detect(np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8))
    assert len(faces) <= 5
    assert detector.last_model_ms > 0
    for face in faces:
        assert (face.bbox_xyxy >= 0).all()
        assert (face.bbox_xyxy <= [160, 120, 160, 120]).all()
