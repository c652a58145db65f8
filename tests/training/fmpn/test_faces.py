from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL.Image", reason="needs the train extra")

from realtime_fer.errors import DatasetError
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.training.fmpn.faces import LabelledFaces, load_faces, load_fold
from tests.training.fmpn.pictures import LABELS, face, write_fold, write_folders


def test_folders_are_classes_by_our_names(tmp_path: Path) -> None:
    faces = load_faces(write_folders(tmp_path / "faces", people=3), people_in_names=True)
    assert faces.labels == LABELS
    assert faces.classes.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert faces.people == ("p0", "p1", "p2") * 3
    assert faces.picture(4).mode == "RGB"
    assert (np.asarray(faces.picture(4)) == face("neutral", 1)).all()
    assert load_faces(tmp_path / "faces").people is None


def test_two_folders_of_one_class_are_one_class(tmp_path: Path) -> None:
    root = write_folders(tmp_path / "faces", people=2)
    (root / "surprise").rename(root / "Joy")
    faces = load_faces(root)
    assert faces.labels == ("happiness", "neutral")
    assert np.bincount(faces.classes).tolist() == [4, 2]


def test_rows_and_a_class_can_be_left_out(tmp_path: Path) -> None:
    faces = load_faces(write_folders(tmp_path / "faces", people=2), people_in_names=True)
    some = faces.subset(np.array([5, 0]))
    assert (some.classes.tolist(), some.people) == ([2, 0], ("p1", "p0"))
    assert (np.asarray(some.picture(0)) == face("surprise", 1)).all()
    expressive = faces.without("neutral")
    assert expressive.labels == ("happiness", "surprise")
    assert expressive.classes.tolist() == [0, 0, 1, 1]
    assert (np.asarray(expressive.picture(2)) == face("surprise", 0)).all()


def test_the_fingerprint_changes_with_files_classes_and_pixels(tmp_path: Path) -> None:
    root = write_folders(tmp_path / "faces", people=2)
    first = load_faces(root)
    assert load_faces(root.rename(tmp_path / "moved")).fingerprint() == first.fingerprint()
    some = first.subset(np.array([1, 0]))
    pixels = [LabelledFaces(LABELS, some.classes, np.full((2, 4, 4), level, np.uint8)) for level in (1, 2)]
    swapped = replace(some, classes=first.classes[[2, 3]])
    found = [faces.fingerprint() for faces in (first, some, swapped, first.without("neutral"), *pixels)]
    assert len(set(found)) == len(found)


def test_ferplus_faces_count_where_most_taggers_agree(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 48, 48), np.uint8)
    votes = np.zeros((4, 10), np.uint8)
    votes[0, 4] = votes[1, 1] = votes[3, 9] = 10
    votes[2, :2] = 5
    np.savez(tmp_path / "f.npz", images=images, votes=votes)
    faces = load_faces(tmp_path / "f.npz")
    assert faces.labels == FERPLUS_LABELS
    assert faces.classes.tolist() == [4, 1]
    assert (np.asarray(faces.picture(1)) == images[1][..., None]).all()
    assert (np.asarray(faces.subset(np.array([1])).picture(0)) == images[1][..., None]).all()
    with pytest.raises(DatasetError, match=r"f\.npz: expected a folder"):
        load_faces(tmp_path / "f.npz", people_in_names=True)


def test_what_is_no_such_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="pictures of 0 classes"):
        load_faces(tmp_path)
    with pytest.raises(DatasetError, match=r"none\.npz"):
        load_faces(tmp_path / "none.npz")
    root = write_folders(tmp_path / "faces", people=1)
    (root / "happy" / "p0_happy.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(DatasetError, match=r"p0_happy\.png: expected a picture.*remove it"):
        load_faces(root).picture(0)


def test_a_fold_of_either_set_is_known_by_its_labels(tmp_path: Path) -> None:
    for name, classes, first in (("ckplus", 7, 1), ("mmi", 6, 0)):
        root = write_fold(tmp_path / name, 0, classes=classes, first_label=first)
        faces, masks = load_fold(root, 0)
        assert faces.classes.tolist() == list(range(classes))
        assert len(faces.labels) == classes
        assert faces.people == ("S005",) * classes
        assert masks == root / "imgs_res" / "0"
        assert not faces.grey
    with pytest.raises(DatasetError, match=r"emotion_labels\.pkl: no such file"):
        load_fold(tmp_path, 0)
