from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.detection.average_precision import (
    DetectionScores,
    average_precision,
    evaluate_detector,
    score_detections,
)
from realtime_fer.evaluation.detection.pictures import LabelledPicture, read_yolo_labels
from realtime_fer.types import FaceDetection

Box = tuple[float, float, float, float]
NO_BOXES = np.zeros((0, 4), np.float32)


def labelled(*faces: Box, ignored: tuple[Box, ...] = (), name: str = "a_1.jpg") -> LabelledPicture:
    return LabelledPicture(name, np.array(faces, np.float32).reshape(-1, 4), np.array(ignored, np.float32).reshape(-1, 4))


def face(box: Box, confidence: float) -> FaceDetection:
    return FaceDetection(np.array(box, np.float32), confidence)


def score(pictures: list[LabelledPicture], found: list[list[FaceDetection]]) -> DetectionScores:
    return score_detections(pictures, found, confidence_threshold=0.5)


A: Box = (0, 0, 40, 40)
B: Box = (100, 100, 160, 160)
FAR: Box = (300, 300, 340, 340)


def test_everything_found_exactly() -> None:
    scores = score([labelled(A, B)], [[face(A, 0.9), face(B, 0.8)]])
    assert (scores.ap50, scores.ap, scores.recall, scores.precision) == (1.0, 1.0, 1.0, 1.0)
    assert (scores.pictures, scores.faces) == (1, 2)


def test_half_found_reaches_half_the_recall_points() -> None:
    # Recalls 0.00 to 0.50 are 51 of the 101 points.
    assert score([labelled(A, B)], [[face(A, 0.9)]]).ap50 == pytest.approx(51 / 101)


def test_a_false_alarm_before_the_second_face() -> None:
    scores = score([labelled(A, B)], [[face(A, 0.9), face(FAR, 0.8), face(B, 0.7)]])
    # Precision 1 up to recall 0.5, then 2/3.
    assert scores.ap50 == pytest.approx((51 * 1 + 50 * 2 / 3) / 101)
    assert scores.recall == 1.0
    assert scores.precision == pytest.approx(2 / 3)


def test_a_false_alarm_below_every_face_costs_nothing_in_ap() -> None:
    scores = score([labelled(A, B)], [[face(A, 0.9), face(B, 0.8), face(FAR, 0.3)]])
    assert scores.ap50 == 1.0
    assert scores.precision == 1.0


def test_a_second_detection_of_one_face_is_a_false_alarm() -> None:
    scores = score([labelled(A)], [[face(A, 0.9), face((1, 1, 40, 40), 0.8)]])
    assert scores.precision == 0.5
    assert scores.recall == 1.0


def test_a_loose_box_counts_only_at_low_overlap() -> None:
    # 40 x 40 in 40 x 60: intersection over union 2/3, so found at 0.50, 0.55, 0.60 and 0.65 of ten thresholds.
    scores = score([labelled(A)], [[face((0, 0, 40, 60), 0.9)]])
    assert scores.ap50 == 1.0
    assert scores.ap == pytest.approx(0.4)


def test_the_surest_detection_takes_the_face_it_covers_best() -> None:
    two = [(0.0, 0.0, 40.0, 40.0), (20.0, 0.0, 60.0, 40.0)]
    # The surer one covers both above 0.5 with its middle box; it must not take the face the other one hits alone.
    scores = score([labelled(*two)], [[face((6, 0, 46, 40), 0.9), face((20, 0, 60, 40), 0.8)]])
    assert scores.recall == 1.0


def test_faces_only_match_on_their_own_picture() -> None:
    scores = score([labelled(A), labelled(name="a_2.jpg")], [[], [face(A, 0.9)]])
    assert scores.recall == 0.0
    assert scores.precision == 0.0


def test_small_faces_count_neither_way() -> None:
    small: Box = (200, 200, 210, 220)
    # Found or not, nothing changes; a small false alarm elsewhere is not counted either.
    for found in ([], [face(small, 0.9)], [face((300, 300, 309, 330), 0.9)]):
        scores = score([labelled(A, small)], [[face(A, 0.6), *found]])
        assert (scores.faces, scores.ap50, scores.recall, scores.precision) == (1, 1.0, 1.0, 1.0)
    # A small detection that does find a face of full size counts.
    assert score([labelled((0, 0, 12, 12))], [[face((0, 0, 11.5, 12), 0.9)]]).recall == 1.0


def test_ignored_regions_count_neither_way() -> None:
    scores = score([labelled(A, ignored=(B,))], [[face(A, 0.6), face(B, 0.9)]])
    assert (scores.faces, scores.ap50, scores.precision) == (1, 1.0, 1.0)


def test_false_faces_on_pictures_without_faces() -> None:
    pictures = [labelled(A), labelled(), labelled(), labelled(ignored=(B,))]
    scores = score(pictures, [[face(FAR, 0.9)], [face(A, 0.9), face(B, 0.6), face(FAR, 0.4)], [], [face(A, 0.9)]])
    assert scores.pictures_without_faces == 2
    assert scores.false_faces_per_empty_picture == 1.0
    assert scores.empty_pictures_with_face == 0.5


def test_figures_that_need_faces_are_nan_without_them() -> None:
    scores = score([labelled()], [[]])
    assert math.isnan(scores.ap50)
    assert math.isnan(scores.recall)
    assert scores.false_faces_per_empty_picture == scores.empty_pictures_with_face == 0.0
    assert math.isnan(score([labelled(A)], [[]]).false_faces_per_empty_picture)
    assert math.isnan(score([labelled(A)], [[]]).empty_pictures_with_face)
    assert score([labelled(A)], [[]]).ap50 == 0.0


def test_average_precision_against_the_definition() -> None:
    rng = np.random.default_rng(3)
    confidences, correct, faces = rng.random(60), rng.random(60) < 0.6, 50
    order = np.argsort(-confidences)
    points = []
    for recall in np.linspace(0, 1, 101):
        precisions = [correct[order][:n].sum() / n for n in range(1, 61) if correct[order][:n].sum() / faces >= recall - 1e-12]
        points.append(max(precisions, default=0.0))
    assert average_precision(confidences, correct, faces) == pytest.approx(np.mean(points))


def test_labels_become_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("0 0.5 0.5 0.5 0.25\n\n0 0.1 0.2 0.2 0.4\n")
    np.testing.assert_allclose(read_yolo_labels(path, 200, 80), [[50, 30, 150, 50], [0, 0, 40, 32]], atol=1e-4)
    np.testing.assert_array_equal(read_yolo_labels(tmp_path / "none.txt", 200, 80), NO_BOXES)
    path.write_text("0 0.5 0.5 1.000001 1\n")
    np.testing.assert_allclose(read_yolo_labels(path, 200, 80), [[0, 0, 200, 80]], atol=1e-3)


@pytest.mark.parametrize(
    "line", ["0 0.5 0.5", "face 0.5 0.5 0.1 x", "0 nan 0.5 0.1 0.1", "0 0.5 0.5 -0.1 0.1", "0 320 240 64 64"]
)
def test_wrong_label_lines_are_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"0 0.5 0.5 0.5 0.5\n{line}\n")
    with pytest.raises(DatasetError, match=r"a\.txt, line 2"):
        read_yolo_labels(path, 10, 10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("images", "labels", "ignore"):
        (tmp_path / part).mkdir()
    for name, brightness in (("os_1", 200), ("os_2", 10), ("mk_1", 100)):
        cv2.imwrite(str(tmp_path / "images" / f"{name}.png"), np.full((100, 200, 3), brightness, np.uint8))
    (tmp_path / "labels" / "os_1.txt").write_text("0 0.25 0.5 0.2 0.4\n")
    (tmp_path / "labels" / "mk_1.txt").write_text("0 0.25 0.5 0.2 0.4\n")
    (tmp_path / "ignore" / "mk_1.txt").write_text("0 0.75 0.5 0.2 0.4\n")
    return tmp_path


def test_a_folder_is_scored_by_source(folder: Path) -> None:
    def detect(image: np.ndarray) -> list[FaceDetection]:
        # On every picture: the face and, on the others than os_1, something at the place that mk_1 ignores.
        faces = [face((30, 30, 70, 70), 0.9)]
        return faces if image[0, 0, 0] == 200 else [*faces, face((130, 30, 170, 70), 0.8)]

    scores = evaluate_detector(detect, folder, confidence_threshold=0.5, by_prefix=True)
    assert set(scores) == {"all", "os", "mk"}
    assert scores["all"].pictures == 3
    assert scores["all"].faces == 2
    assert scores["all"].recall == 1.0
    assert scores["mk"].precision == 1.0
    assert scores["os"].false_faces_per_empty_picture == 2.0
    assert set(evaluate_detector(detect, folder, confidence_threshold=0.5)) == {"all"}


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="images/"):
        evaluate_detector(lambda _: [], tmp_path, confidence_threshold=0.5)
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    with pytest.raises(DatasetError, match=r"expected pictures .*, found no"):
        evaluate_detector(lambda _: [], tmp_path, confidence_threshold=0.5)
    (tmp_path / "images" / "x.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"x\.png"):
        evaluate_detector(lambda _: [], tmp_path, confidence_threshold=0.5)
