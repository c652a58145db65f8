from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from realtime_fer.datasets.affwild2_folder import open_affwild2
from realtime_fer.errors import DatasetError
from realtime_fer.labels import AFFWILD2_LABELS
from tests.datasets.miniatures import save_affwild2


def test_annotations_and_frames(tmp_path: Path) -> None:
    opened = open_affwild2(save_affwild2(tmp_path), "train")
    assert opened.labels == AFFWILD2_LABELS
    assert [(face.picture, face.label, face.subject, face.valence, face.arousal) for face in opened.faces] == [
        (tmp_path / "cropped_aligned" / "a" / "00001.jpg", 3, "a", 0.5, -0.25),
        (tmp_path / "cropped_aligned" / "a" / "00003.jpg", 2, "a", 1.0, -1.0),
    ]
    assert [face.subject for face in open_affwild2(tmp_path, "test").faces] == ["b", "b"]


def test_everything_in_one_folder(tmp_path: Path) -> None:
    save_affwild2(tmp_path / "made")
    for place in ("annotations", "cropped_aligned"):
        shutil.copytree(tmp_path / "made" / place, tmp_path / "flat", dirs_exist_ok=True)
    assert len(open_affwild2(tmp_path / "flat", "train")) == 2


def test_missing_folders(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"EXPR_Set: no such folder, nor data_affwild2\.pkl.*ibug\.doc"):
        open_affwild2(tmp_path / "absent", "train")
    save_affwild2(tmp_path)
    for frame in (tmp_path / "cropped_aligned" / "b").iterdir():
        frame.unlink()
    with pytest.raises(DatasetError, match=r"cropped_aligned.b: expected the frames of a video.*0 more of 1"):
        open_affwild2(tmp_path, "test")
    shutil.rmtree(tmp_path / "cropped_aligned" / "b")
    with pytest.raises(DatasetError, match=r"cropped_aligned.b: expected the frames of a video.*0 more of 1.*ibug\.doc"):
        open_affwild2(tmp_path, "test")
    (tmp_path / "annotations" / "EXPR_Set" / "Validation_Set" / "b.txt").unlink()
    with pytest.raises(DatasetError, match=r"Validation_Set: expected a text file for each video, found none.*ibug\.doc"):
        open_affwild2(tmp_path, "test")
    shutil.rmtree(tmp_path / "annotations" / "VA_Set")
    with pytest.raises(DatasetError, match=r"VA_Set"):
        open_affwild2(tmp_path, "train")
