from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.detection.detector import Detector
from realtime_fer.detection.haar import HaarDetector, confidence_of_margin
from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ShapeError


def portrait() -> np.ndarray:
    """The astronaut of scikit-image as BGR; her face lies at about (180..268, 70..170)."""
    data = pytest.importorskip("skimage.data", reason="needs the demo extra")
    return np.ascontiguousarray(data.astronaut()[..., ::-1])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_finds_a_portrait(scale: float) -> None:
    image = np.asarray(cv2.resize(portrait(), None, fx=scale, fy=scale), np.uint8)
    detector: Detector = HaarDetector()
    faces = detector.detect(image)
    assert faces
    x0, y0, x1, y1 = faces[0].bbox_xyxy / scale
    assert x0 < 224 < x1
    assert y0 < 118 < y1
    assert 60 < x1 - x0 < 160
    assert faces[0].confidence > 0.5
    assert [face.confidence for face in faces] == sorted((face.confidence for face in faces), reverse=True)
    assert detector.last_model_ms > 0


@pytest.mark.filterwarnings("ignore")
def test_threshold_and_limit_are_obeyed() -> None:
    image = np.hstack([portrait(), portrait()])
    every = HaarDetector(confidence_threshold=0.0, long_side_px=1024).detect(image)
    assert len(every) >= 2
    assert len(HaarDetector(confidence_threshold=0.0, long_side_px=1024, max_faces=1).detect(image)) == 1
    highest = every[0].confidence
    assert HaarDetector(confidence_threshold=min(1.0, highest + 1e-3), long_side_px=1024).detect(image) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (30, 30)])
def test_nothing_in_grey_pictures_of_any_size(size: tuple[int, int]) -> None:
    assert HaarDetector().detect(np.full((*size, 3), 128, np.uint8)) == []


def test_confidence_grows_with_the_margin() -> None:
    confidences = confidence_of_margin(np.array([-1000.0, 0.0, 2.3, 6.0, 1000.0], np.float32))
    assert (np.diff(confidences) > 0).all()
    assert confidences[2] == pytest.approx(0.5)
    assert confidences[0] == pytest.approx(0.0, abs=1e-6)
    assert confidences[-1] == pytest.approx(1.0, abs=1e-6)


def test_missing_and_broken_cascades(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        HaarDetector(cascade=tmp_path / "none.xml")
    broken = tmp_path / "broken.xml"
    broken.write_text("<?xml version='1.0'?><opencv_storage></opencv_storage>")
    with pytest.raises(ModelCorruptError, match=r"broken\.xml"):
        HaarDetector(cascade=broken)


def test_opencv_without_cascades(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(ModelNotFoundError, match="opencv-python<5"):
        HaarDetector()


def test_other_pictures_are_refused() -> None:
    with pytest.raises(ShapeError):
        HaarDetector().detect(np.zeros((4, 4), np.uint8))
