from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.datasets.affectnet import AffectNetFace, cut_levelled, level, read_affectnet
from realtime_fer.datasets.affectnet_folder import levelled_cut, open_affectnet_lists
from realtime_fer.datasets.labelled_faces import LabelledFace
from realtime_fer.errors import DatasetError
from realtime_fer.labels import AFFECTNET_LABELS
from tests.datasets.miniatures import save_affectnet

ROWS = [("1/a.jpg", 6), ("1/b.jpg", 7), ("2/c.jpg", 0)]


def test_lists_and_pictures(tmp_path: Path) -> None:
    opened = open_affectnet_lists(save_affectnet(tmp_path, ROWS), "train")
    assert opened.labels == AFFECTNET_LABELS
    pictures = tmp_path / "Manually_Annotated_Images"
    assert opened.faces == (
        LabelledFace(pictures / "1/a.jpg", 6, None, (10, 5, 20, 21), (13, 30), (33, 30), 0.5, -0.25),
        LabelledFace(pictures / "2/c.jpg", 0, None, (10, 5, 20, 21), (13, 30), (33, 30), 0.5, -0.25),
    )
    with pytest.raises(DatasetError, match=r"validation\.csv: no such file.*mahoor"):
        open_affectnet_lists(tmp_path, "test")


def test_read_gives_the_published_cut(tmp_path: Path) -> None:
    save_affectnet(tmp_path, ROWS[:1])
    path = tmp_path / "Manually_Annotated_Images" / "1" / "a.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (50, 40, 3), dtype=np.uint8)
    assert cv2.imwrite(str(path), noise)
    (row,) = read_affectnet(tmp_path / "Manually_Annotated_file_lists" / "training.csv")
    expected = cut_levelled(level(np.asarray(cv2.imread(str(path)), np.uint8), row), row)
    found = open_affectnet_lists(tmp_path, "train").read(0)
    assert found.shape == (21, 20, 3)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("place", ["Manually_Annotated/Manually_Annotated_Images", "Manually_Annotated", ""])
def test_other_places_for_the_pictures(tmp_path: Path, place: str) -> None:
    save_affectnet(tmp_path / "made", ROWS)
    made = tmp_path / "made"
    target = tmp_path / "set" / place
    shutil.copytree(made / "Manually_Annotated_Images", target)
    shutil.copy(made / "Manually_Annotated_file_lists" / "training.csv", tmp_path / "set" / "validation.csv")
    assert open_affectnet_lists(tmp_path / "set", "test").faces[0].picture == target / "1" / "a.jpg"


def test_half_of_the_pictures(tmp_path: Path) -> None:
    save_affectnet(tmp_path, ROWS)
    shutil.rmtree(tmp_path / "Manually_Annotated_Images" / "2")
    with pytest.raises(DatasetError, match=r"2/c\.jpg: no such file, nor 0 more of the 2 that training\.csv lists.*mahoor"):
        open_affectnet_lists(tmp_path, "train")
    shutil.rmtree(tmp_path / "Manually_Annotated_Images")
    with pytest.raises(DatasetError, match=r"1/a\.jpg: no such file, nor 1 more of the 2"):
        open_affectnet_lists(tmp_path, "train")


def test_a_list_of_other_faces_only(tmp_path: Path) -> None:
    save_affectnet(tmp_path, [("1/a.jpg", 8)])
    with pytest.raises(DatasetError, match=r"training\.csv: expected faces with one of the 7 expressions, found none"):
        open_affectnet_lists(tmp_path, "train")


def test_the_cut_is_turned_and_keeps_the_published_canvas() -> None:
    image_bgr = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    face = LabelledFace(Path("a.jpg"), 0, None, (25, 5, 30, 30), (30, 12), (50, 20))
    row = AffectNetFace("a.jpg", (25, 5, 30, 30), 0, 0.0, 0.0, (30, 12), (50, 20))
    found = levelled_cut(image_bgr[..., ::-1], face)
    assert np.array_equal(found, cut_levelled(level(image_bgr, row), row))
    # Its canvas has the picture's sides swapped, so the right of this wide one is lost.
    assert (found[:, -10:] == 0).all()


def test_a_face_that_cannot_be_cut() -> None:
    with pytest.raises(DatasetError, match=r"a\.jpg: expected a face box and two eyes"):
        levelled_cut(np.zeros((5, 5, 3), np.uint8), LabelledFace(Path("a.jpg"), 0, box_xywh=(0, 0, 2, 2)))


def test_a_box_beyond_all_measure() -> None:
    face = LabelledFace(Path("a.jpg"), 0, box_xywh=(0, 0, 20, 12), left_eye=(1, 2), right_eye=(3, 2))
    assert levelled_cut(np.zeros((3, 5, 3), np.uint8), face).shape == (12, 20, 3)
    with pytest.raises(DatasetError, match=r"a\.jpg: expected a face box about as large as the picture at most, 5 x 3, found"):
        levelled_cut(np.zeros((3, 5, 3), np.uint8), replace(face, box_xywh=(0, 0, 2_000_000, 2_100_000)))
