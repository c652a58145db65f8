from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.datasets.ckplus import open_ckplus
from realtime_fer.datasets.ckplus_landmarks import find_cut, read_landmarks
from realtime_fer.datasets.five_point_crop import SIDE_PX
from realtime_fer.errors import DatasetError
from tests.datasets.miniatures import save_ckplus, save_landmarks


def test_faces_are_cut_by_the_owners_landmarks(tmp_path: Path) -> None:
    save_ckplus(tmp_path)
    points = np.random.default_rng(0).uniform(1, 7, (68, 2))
    for frame in (9, 10, 11):
        save_landmarks(tmp_path, points, f"S005_001_{frame:08d}")
    edited = tmp_path / "Landmarks" / "S005" / "001" / "S005_001_00000009_landmarks.txt"
    edited.write_bytes(edited.read_text().encode("utf-8-sig"))
    opened = open_ckplus(tmp_path)
    assert opened.read(0).shape == (SIDE_PX, SIDE_PX, 3)
    with pytest.raises(DatasetError, match=r"S010_002_00000003_landmarks\.txt: expected 68 lines"):
        opened.read(3)
    path = save_landmarks(tmp_path, points[:5], "S010_002_00000003")
    with pytest.raises(DatasetError, match=r"found \(5, 2\)"):
        read_landmarks(path)
    points[7, 1] = np.nan
    path = save_landmarks(tmp_path, points, "S010_002_00000003")
    with pytest.raises(DatasetError, match=r"00000003_landmarks\.txt: expected 68 lines of x and y, found .* not finite"):
        read_landmarks(path)


def test_faces_are_cut_by_the_landmarks_of_fmpn(tmp_path: Path) -> None:
    assert find_cut(save_ckplus(tmp_path)) is None
    boxes, points = np.array([[0, 0, 8, 8, 0.9]]), np.array([[2, 6, 4, 3, 5, 2, 2, 4, 6, 6]], np.float32)
    entries = {f"/elsewhere/S005_001_{frame:08d}.png": [boxes, points] for frame in (9, 10, 11)}
    (tmp_path / "bbox_landmark_mtcnn.pkl").write_bytes(pickle.dumps(entries, 3))
    opened = open_ckplus(tmp_path)
    assert opened.read(0).shape == (SIDE_PX, SIDE_PX, 3)
    with pytest.raises(DatasetError, match=r"mtcnn\.pkl: expected the landmarks of S010_002_00000003\.png, found those of 3"):
        opened.read(3)
    # The owners' come first.
    save_landmarks(tmp_path, np.zeros((5, 2)), "S005_001_00000009")
    with pytest.raises(DatasetError, match=r"00000009_landmarks\.txt: .* found \(5, 2\)"):
        open_ckplus(tmp_path).read(0)
