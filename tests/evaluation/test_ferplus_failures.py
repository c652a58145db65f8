from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.ferplus_failures import surest_wrong_answers, write_ferplus_failures
from tests.tiny_onnx import save_linear_classifier


def test_only_wrong_answers_of_the_class_and_the_surest_first() -> None:
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]])
    labels = np.array([0, 0, 0, 1, 0])
    assert surest_wrong_answers(probabilities, labels, 0).tolist() == [2, 4, 1]
    assert surest_wrong_answers(probabilities, labels, 1).tolist() == []


def test_the_sheet_holds_every_class(tmp_path: Path) -> None:
    save_linear_classifier(tmp_path / "m.onnx", size_px=48)
    rng = np.random.default_rng(0)
    votes = np.zeros((40, 10), np.uint8)
    votes[np.arange(40), np.arange(40) % 10] = 9
    np.savez(tmp_path / "faces.npz", images=rng.integers(0, 256, (40, 48, 48), dtype=np.uint8), votes=votes)
    path = write_ferplus_failures(tmp_path / "out", tmp_path / "m.onnx", tmp_path / "faces.npz")
    assert path == tmp_path / "out" / "wrong-answers.png"
    sheet = np.asarray(cv2.imread(str(path)))
    assert sheet.shape[1] == 8 * 204 + 12
    # Eight headings, and at least one row of faces in most classes: a random network is mostly wrong.
    assert sheet.shape[0] > 8 * 46 + 4 * 204


def test_faces_without_a_majority_are_refused(tmp_path: Path) -> None:
    save_linear_classifier(tmp_path / "m.onnx", size_px=48)
    np.savez(tmp_path / "faces.npz", images=np.zeros((2, 48, 48), np.uint8), votes=np.ones((2, 10), np.uint8))
    with pytest.raises(DatasetError, match="found none among 2"):
        write_ferplus_failures(tmp_path, tmp_path / "m.onnx", tmp_path / "faces.npz")
