from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.detection.false_faces import count_with_face, pictures_of, surest_faces
from realtime_fer.types import FaceDetection, ImageBgr
from tests.evaluation.detector_folders import face, save_pictures


def red(image: ImageBgr) -> list[FaceDetection]:
    share = float(image[..., 2].mean() / 255)
    return [face((0, 0, 9, 9), share / 2), face((0, 0, 9, 9), share)] if share else []


def test_the_surest_detection_of_each_picture(tmp_path: Path) -> None:
    folder = save_pictures(tmp_path, {"a_1": (255, ""), "b_1": (51, ""), "b_2": (0, "")}) / "images"
    surest = surest_faces({"red": red, "blind": lambda _: []}, pictures_of(folder))
    assert surest["red"] == pytest.approx({"a_1.png": 1.0, "b_1.png": 0.2, "b_2.png": 0.0})
    assert set(surest["blind"].values()) == {0.0}


def test_how_many_reach_a_threshold() -> None:
    assert count_with_face(iter([0.1, 0.5, 0.9]), 0.5) == 2
    assert count_with_face([], 0.5) == 0


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"expected pictures .*, found no"):
        surest_faces({"red": red}, pictures_of(tmp_path))
    assert surest_faces({"red": red}, [("a", np.full((4, 4, 3), 255, np.uint8))]) == {"red": {"a": 1.0}}
