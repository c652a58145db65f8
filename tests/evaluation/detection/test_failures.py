from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.evaluation.detection import failures as detection_failures
from realtime_fer.evaluation.detection.failures import (
    GREEN,
    ORANGE,
    RED,
    false_faces,
    missed_faces,
    write_detection_failures,
)
from realtime_fer.evaluation.detection.pictures import LabelledPicture
from tests.evaluation.detector_folders import Box, face, save_pictures

NO_BOXES = np.zeros((0, 4), np.float32)
A: Box = (10, 10, 50, 50)
B: Box = (80, 80, 140, 150)
C: Box = (100, 10, 120, 30)
FAR: Box = (5, 100, 35, 130)


def labelled(*faces: Box, ignored: tuple[Box, ...] = ()) -> LabelledPicture:
    return LabelledPicture("a_1.png", *(np.array(boxes, np.float32).reshape(-1, 4) for boxes in (faces, ignored)))


def test_misses_are_the_largest_first_and_say_why() -> None:
    loose: Box = (80, 80, 140, 230)
    found = [[face(A, 0.3), face(loose, 0.9), face(C, 0.8)], []]
    misses = missed_faces([labelled(A, B, C), labelled(C)], found, confidence_threshold=0.5)
    assert [(miss.picture, miss.why) for miss in misses] == [
        (0, ("60 px", "box 0.90, overlap 0.46")),
        (0, ("40 px", "found, but only at 0.30")),
        (1, ("20 px", "no box there")),
    ]
    assert missed_faces([labelled(A)], [[face(A, 0.5)]], confidence_threshold=0.5) == []
    # What counts neither way is no failure.
    assert missed_faces([labelled((0, 0, 9, 9), ignored=(A,))], [[]], confidence_threshold=0.5) == []


def test_false_faces_are_the_surest_first_and_say_why() -> None:
    found = [[face(A, 0.9), face((12, 10, 52, 50), 0.6), face(FAR, 0.7), face((10, 10, 50, 100), 0.55), face(FAR, 0.4)]]
    false = false_faces([labelled(A)], found, confidence_threshold=0.5)
    assert [failure.why for failure in false] == [
        ("0.70, 30 px", "no labelled face there"),
        ("0.60, 40 px", "second box on a face"),
        ("0.55, 40 px", "on a face, overlap 0.44"),
    ]
    assert false_faces([labelled(ignored=(A,))], [[face(A, 0.9)]], confidence_threshold=0.5) == []


def test_an_overlap_just_below_half_does_not_read_as_half() -> None:
    # 40 wide of 80.2: overlap 0.4988.
    (miss,) = missed_faces([labelled(A)], [[face((10, 10, 90.2, 50), 0.9)]], confidence_threshold=0.5)
    assert miss.why[1] == "box 0.90, overlap 0.49"


def colour_count(path: Path, colour: tuple[int, int, int]) -> int:
    sheet = np.asarray(cv2.imread(str(path))).astype(int)
    return int((np.abs(sheet - colour).max(axis=-1) < 12).sum())


def test_both_sheets_are_written_with_their_boxes(tmp_path: Path) -> None:
    data = save_pictures(tmp_path / "val", {"a_1": (0, "")})
    found = [[face((13, 13, 53, 53), 0.9), face((55, 20, 85, 50), 0.8)]]
    misses, false = write_detection_failures(tmp_path / "out", data, [labelled(A, B)], found, confidence_threshold=0.5)
    assert [path.name for path in (misses, false)] == ["misses.png", "false-faces.png"]
    for path in (misses, false):
        assert colour_count(path, RED) > 200
    assert colour_count(false, ORANGE) > 50
    assert colour_count(false, GREEN) > 50


def test_sheets_without_failures_say_so(tmp_path: Path) -> None:
    data = save_pictures(tmp_path / "val", {"a_1": (0, "")})
    for path in write_detection_failures(tmp_path / "out", data, [labelled(A)], [[face(A, 0.9)]], confidence_threshold=0.5):
        assert colour_count(path, RED) == 0


def test_long_sheets_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection_failures, "TILES", 2)
    data = save_pictures(tmp_path / "val", {"a_1": (0, "")})
    red = [
        colour_count(write_detection_failures(tmp_path, data, [labelled(*faces)], [[]], confidence_threshold=0.5)[0], RED)
        for faces in ((A, C), (A, C, FAR, B))
    ]
    # Every tile is enlarged to the same size, so two tiles have about as much red as two others.
    assert red[1] == pytest.approx(red[0], rel=0.3)
