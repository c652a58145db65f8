from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_fer.datasets.mtcnn_landmarks import read_mtcnn_landmarks
from realtime_fer.errors import DatasetError
from tests.datasets.hostile_pickles import hostile_streams


def save(folder: Path, entries: Any) -> Path:
    (folder / "bbox_landmark_mtcnn.pkl").write_bytes(pickle.dumps(entries, 3))
    return folder / "bbox_landmark_mtcnn.pkl"


def test_the_surest_of_two_faces(tmp_path: Path) -> None:
    boxes = np.array([[0, 0, 9, 9, 0.8], [1, 1, 5, 5, 0.9]])
    points = np.arange(20, dtype=np.float32).reshape(2, 10)
    found = read_mtcnn_landmarks(save(tmp_path, {"/elsewhere/S005/001/S005_001_00000001.png": [boxes, points]}))
    assert list(found) == ["S005_001_00000001.png"]
    # Five x, then five y.
    assert found["S005_001_00000001.png"].tolist() == [[10, 15], [11, 16], [12, 17], [13, 18], [14, 19]]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "expected landmarks of frames, found list"),
        ({"a.png": 5}, r"a\.png: expected boxes and points, found int"),
        ({"a.png": [np.zeros((0, 5)), np.zeros((0, 10))]}, r"found \(0, 5\) and \(0, 10\)"),
        ({"a.png": [np.zeros((1, 4)), np.zeros((1, 10))]}, r"found \(1, 4\)"),
        ({"a.png": [np.zeros((1, 5)), np.zeros((2, 10))]}, r"\(2, 10\)"),
        ({"a.png": [np.zeros((1, 5)), np.full((1, 10), np.nan)]}, r"a\.png: expected finite coordinates"),
    ],
)
def test_another_form_is_named(tmp_path: Path, entries: Any, message: str) -> None:
    with pytest.raises(DatasetError, match=rf"bbox_landmark_mtcnn\.pkl: .*{message}"):
        read_mtcnn_landmarks(save(tmp_path, entries))


def test_a_hostile_pickle_runs_nothing(tmp_path: Path) -> None:
    for stream in hostile_streams(tmp_path / "was here").values():
        (tmp_path / "a.pkl").write_bytes(stream)
        with pytest.raises(DatasetError, match="not opened: it asks for"):
            read_mtcnn_landmarks(tmp_path / "a.pkl")
    assert not (tmp_path / "was here").exists()
