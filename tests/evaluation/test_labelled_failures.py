from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from realtime_fer.datasets.labelled_faces import LabelledFace, LabelledSet
from realtime_fer.evaluation.labelled_failures import write_labelled_failures
from realtime_fer.evaluation.labelled_protocol import evaluate_labelled
from tests.evaluation.expression_folders import LABELS, grey_faces, save_brightness_model


def test_failures_as_pictures(tmp_path: Path) -> None:
    faces = grey_faces([60, 0, 20, 40], [0, 0, 1, 2])
    run = evaluate_labelled(save_brightness_model(tmp_path / "m"), faces)
    path = write_labelled_failures(tmp_path / "out", faces, run)
    assert path == tmp_path / "out" / "wrong-answers.png"
    sheet = np.asarray(cv2.imread(str(path)))
    # Four headings, and one row with one tile: an angry face of level 60.
    assert sheet.shape[0] == 4 * 46 + 200 + 2 * 18 + 12
    assert (sheet[60:200, 30:180] == 60).all()


def test_colours_are_those_of_the_picture(tmp_path: Path) -> None:
    blue = np.zeros((20, 20, 3), np.uint8)
    blue[:, :] = 10, 10, 220
    cv2.imwrite(str(tmp_path / "a.png"), blue[:, :, ::-1])
    faces = LabelledSet("one", LABELS, (LabelledFace(tmp_path / "a.png", 0),))
    run = evaluate_labelled(save_brightness_model(tmp_path / "m"), faces)
    sheet = np.asarray(cv2.imread(str(write_labelled_failures(tmp_path / "out", faces, run))))
    assert sheet[100, 100].tolist() == [220, 10, 10]
