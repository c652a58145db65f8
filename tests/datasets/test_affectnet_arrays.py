from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realtime_fer.datasets.affectnet_arrays import has_arrays, open_affectnet_arrays
from realtime_fer.errors import DatasetError
from realtime_fer.labels import AFFECTNET_LABELS
from tests.datasets.hostile_pickles import RunsCode
from tests.datasets.miniatures import save_affectnet_arrays, save_text


def test_faces_by_number_without_contempt(tmp_path: Path) -> None:
    opened = open_affectnet_arrays(save_affectnet_arrays(tmp_path, [1, 6, 7, 0]), "train")
    assert opened.labels == AFFECTNET_LABELS
    assert [(face.picture.name, face.label, face.valence, face.arousal) for face in opened.faces] == [
        ("0.jpg", 1, 0.0, -0.5),
        ("1.jpg", 6, 0.0625, -0.5),
        ("3.jpg", 0, 0.1875, -0.5),
    ]
    assert abs(int(opened.read(2).mean()) - 30) < 2


def test_numbers_are_counted_not_spelled(tmp_path: Path) -> None:
    opened = open_affectnet_arrays(save_affectnet_arrays(tmp_path, [0] * 12), "train")
    assert [int(face.picture.stem) for face in opened.faces] == list(range(12))


def test_the_part_itself_with_what_a_macintosh_leaves(tmp_path: Path) -> None:
    save_affectnet_arrays(tmp_path, [2], "val_set")
    for name in ("images/._0.jpg", "annotations/._0_exp.npy"):
        save_text(tmp_path / "val_set" / name, "")
    (face,) = open_affectnet_arrays(tmp_path / "val_set", "test").faces
    assert face.label == 2
    assert has_arrays(tmp_path, "train")
    assert has_arrays(tmp_path / "val_set", "test")
    assert not has_arrays(tmp_path / "val_set" / "images", "test")


def test_missing_folders(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"images: expected AffectNet's files such as 0\.jpg, found no such folder.*mahoor"):
        open_affectnet_arrays(tmp_path, "train")
    save_affectnet_arrays(tmp_path, [])
    (tmp_path / "train_set" / "images").mkdir()
    with pytest.raises(DatasetError, match=r"0\.jpg, found none"):
        open_affectnet_arrays(tmp_path, "train")


@pytest.mark.parametrize(("kind", "suffix"), [("images", ".jpg"), ("annotations", "_exp.npy")])
def test_half_of_the_files(tmp_path: Path, kind: str, suffix: str) -> None:
    save_affectnet_arrays(tmp_path, [0, 1, 2, 3])
    for number in (2, 3):
        (tmp_path / "train_set" / kind / f"{number}{suffix}").unlink()
    with pytest.raises(DatasetError, match=rf"{kind}.2{suffix}: no such file, nor 1 more of the 4; unpack all.*mahoor"):
        open_affectnet_arrays(tmp_path, "train")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("exp", np.array(8), "expected an expression of 0 to 7, found 8"),
        ("exp", np.array("joy"), "expected one number"),
        ("exp", np.array([1, 2]), "expected one number, found an array int64"),
        ("exp", np.array(1.5), "expected an expression"),
        ("val", np.array(-2.0), r"expected a number in \[-1, 1\], found -2"),
        ("aro", np.array(np.nan), r"expected a number in \[-1, 1\], found nan"),
        ("exp", np.array(np.nan), "expected an expression of 0 to 7, found nan"),
    ],
)
def test_a_bad_array_is_named(tmp_path: Path, name: str, value: np.ndarray, message: str) -> None:
    save_affectnet_arrays(tmp_path, [1])
    np.save(tmp_path / "train_set" / "annotations" / f"0_{name}.npy", value)
    with pytest.raises(DatasetError, match=rf"0_{name}\.npy: {message}"):
        open_affectnet_arrays(tmp_path, "train")


def test_arrays_that_are_none(tmp_path: Path) -> None:
    save_affectnet_arrays(tmp_path, [1])
    path = tmp_path / "train_set" / "annotations" / "0_val.npy"
    path.unlink()
    with pytest.raises(DatasetError, match=r"0_val\.npy: expected an array.*\(No such file or directory\); unpack.*mahoor"):
        open_affectnet_arrays(tmp_path, "train")
    np.save(path, np.array([RunsCode(tmp_path / "was here")], object), allow_pickle=True)
    with pytest.raises(
        DatasetError,
        match=r"0_val\.npy: expected an array.*\(it holds an array of objects, which is a pickle",
    ):
        open_affectnet_arrays(tmp_path, "train")
    assert not (tmp_path / "was here").exists()
