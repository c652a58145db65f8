from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.evaluation.detection.pictures import LabelledPicture
from realtime_fer.evaluation.detection.report import DetectionReport, evaluate_detection, report_detections
from realtime_fer.zoo.manifest import DetectorManifest
from realtime_fer.zoo.shelf import find_model
from tests.evaluation.detector_folders import MIDDLE, face, save_detector, save_pictures


def run(tmp_path: Path, pictures: dict[str, tuple[int, str]], long_side_px: int | None = None) -> DetectionReport:
    model = find_model(str(save_detector(tmp_path / "tiny")))
    assert isinstance(model.manifest, DetectorManifest)
    return evaluate_detection(model, model.manifest, save_pictures(tmp_path / "val", pictures), long_side_px=long_side_px)


PICTURES = {"a_1": (255, MIDDLE), "a_2": (40, MIDDLE), "b_1": (200, ""), "b_2": (20, "")}


def test_every_figure_for_programs(tmp_path: Path) -> None:
    values = json.loads(run(tmp_path, PICTURES).as_json())
    duration = values.pop("ms_per_image")
    low, high = values.pop("ap50_interval")
    assert duration > 0
    assert 0 <= low <= values["ap50"] <= high <= 1
    assert values == {
        "n": 4,
        "faces": 2,
        # By score: a face, a false one, the second face at 0.16: precision 1, then 2/3.
        "ap50": round((51 + 50 * 2 / 3) / 101, 4),
        "ap": round((51 + 50 * 2 / 3) / 101, 4),
        "ap50_40px": round((51 + 50 * 2 / 3) / 101, 4),
        "recall": 0.5,
        "recall_40_300px": 0.5,
        "precision": 0.5,
        "false_per_negative": 0.5,
        "negatives_with_face": 0.5,
        "recall_by_size": {"12-16": None, "16-24": None, "24-40": None, "40-80": None, "80-160": 0.5, "160+": None},
        "long_side_px": None,
    }


def test_small_faces_are_left_out_of_the_figures_for_large_ones() -> None:
    boxes = np.array([[0, 0, 60, 60], [100, 0, 120, 20]], np.float32)
    picture = LabelledPicture("a_1.png", boxes, boxes[:0])
    report = report_detections(
        [picture], [[face((0, 0, 60, 60), 0.9)]], confidence_threshold=0.5, ms_per_image=1.0, long_side_px=None
    )
    assert report.scores["all"].ap50 == pytest.approx(51 / 101)
    assert report.ap50_large == 1.0
    assert (report.conversation.faces, report.conversation.recall) == (1, 1.0)


def test_what_cannot_be_counted_is_null_and_not_nan(tmp_path: Path) -> None:
    line = run(tmp_path, {"a_1": (255, MIDDLE)}, long_side_px=64).as_json()
    assert "NaN" not in line
    values = json.loads(line)
    assert values["false_per_negative"] is values["negatives_with_face"] is None
    assert (values["long_side_px"], values["ap50"]) == (64, 1.0)
    line = run(tmp_path / "more", {"a_1": (255, "")}).as_json()
    assert "NaN" not in line
    assert json.loads(line)["ap50"] is None


def test_the_text_says_the_same_and_every_source(tmp_path: Path) -> None:
    text = run(tmp_path, PICTURES).as_text()
    for expected in (
        "  all             4      2   0.835",
        "  a               2      2   1.000",
        "  80-160 px   0.500  of 2",
        "  40-300 px   0.500  of 2",
        "AP50 of faces of 40 px and more: 0.835",
        "pictures without a face: 2; 50.0% get one, 0.500 false faces a picture",
    ):
        assert expected in text
    assert "95 % bootstrap interval over pictures: " in text


@pytest.mark.parametrize("long_side_px", [None, 96])
def test_the_pictures_and_what_was_found_stay_at_hand(tmp_path: Path, long_side_px: int | None) -> None:
    report = run(tmp_path, PICTURES, long_side_px)
    assert [picture.name for picture in report.pictures] == ["a_1.png", "a_2.png", "b_1.png", "b_2.png"]
    assert [len(faces) for faces in report.found] == [1, 1, 1, 1]
    assert report.long_side_px == long_side_px
