from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.detection.pictures import LabelledPicture, picture_paths, read_picture, read_pictures
from tests.evaluation.detector_folders import MIDDLE, save_pictures

NO_BOXES = np.zeros((0, 4), np.float32)
ONE_BOX = np.array([[0, 0, 9, 9]], np.float32)


def test_pictures_come_by_name_with_their_boxes(tmp_path: Path) -> None:
    folder = save_pictures(tmp_path / "val", {"b_2": (0, ""), "a_1": (255, MIDDLE)}, size=(80, 160))
    (folder / "ignore").mkdir()
    (folder / "ignore" / "b_2.txt").write_text(MIDDLE)
    (folder / "images" / "notes.txt").write_text("no picture")
    (first, image), (second, _) = read_pictures(folder)
    assert (first.name, first.source, second.name) == ("a_1.png", "a", "b_2.png")
    assert image.shape == (80, 160, 3)
    assert image[0, 0].tolist() == [0, 0, 255]
    np.testing.assert_allclose(first.faces_xyxy, [[40, 20, 120, 60]])
    np.testing.assert_allclose(second.ignored_xyxy, [[40, 20, 120, 60]])
    assert len(first.ignored_xyxy) == len(second.faces_xyxy) == 0


def test_a_picture_with_ignored_faces_is_not_one_without() -> None:
    assert LabelledPicture("a", NO_BOXES, NO_BOXES).without_faces
    assert not LabelledPicture("a", ONE_BOX, NO_BOXES).without_faces
    assert not LabelledPicture("a", NO_BOXES, ONE_BOX).without_faces


def test_labels_that_are_no_text(tmp_path: Path) -> None:
    folder = save_pictures(tmp_path / "val", {"a_1": (0, MIDDLE)}, size=(80, 160))
    labels = folder / "labels" / "a_1.txt"
    labels.write_bytes(MIDDLE.encode("utf-8-sig"))
    assert len(next(iter(read_pictures(folder)))[0].faces_xyxy) == 1
    labels.write_bytes(b"\xff\xfe")
    with pytest.raises(DatasetError, match=r"a_1\.txt: expected lines `class cx cy w h`, found none that can be read"):
        next(iter(read_pictures(folder)))


def test_missing_and_broken_pictures_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"expected pictures .*, found no"):
        picture_paths(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"no folder images/"):
        next(iter(read_pictures(tmp_path)))
    (tmp_path / "images").mkdir()
    # All pictures would pass for such without faces.
    with pytest.raises(DatasetError, match=r"no folder labels/"):
        next(iter(read_pictures(tmp_path)))
    (tmp_path / "._a.png").write_bytes(b"left by a Macintosh")
    broken = tmp_path / "a.png"
    broken.write_bytes(b"not a picture")
    assert picture_paths(tmp_path) == [broken]
    with pytest.raises(DatasetError, match=r"a\.png: not a readable picture"):
        read_picture(broken)
