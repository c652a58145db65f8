from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.datasets.fmpn_folds import FmpnPicture, read_fmpn_fold, read_fmpn_frames, read_fmpn_labels
from realtime_fer.errors import DatasetError
from realtime_fer.labels import CKPLUS_LABELS
from tests.datasets.hostile_pickles import hostile_streams
from tests.datasets.miniatures import save_fmpn, save_picture

DATA = Path(os.environ.get("REALTIME_FER_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))

CK_LABELS = {"S005_001": 3.0, "S010_001": -1, "S010_002": 7.0, "S999_001": 1.0}
FOLD = (["S005_001_00000010.png", "S005_001_00000011.png", "S010_002_00000014.png"], ["S999_001_00000018.png"])


def test_pictures_with_class_and_person(tmp_path: Path) -> None:
    fold = read_fmpn_fold(save_fmpn(tmp_path, CK_LABELS, [FOLD, FOLD[::-1]]), "ckplus", 1)
    assert fold.labels == CKPLUS_LABELS
    assert fold.train == (FmpnPicture(tmp_path / "imgs" / "S999_001_00000018.png", 0, "S999"),)
    assert [(item.label, item.subject) for item in fold.test] == [(2, "S005"), (2, "S005"), (6, "S010")]
    assert fold.masks == tmp_path / "imgs_res" / "1"


def test_labels_as_the_authors_pickle_them(tmp_path: Path) -> None:
    save_fmpn(tmp_path, {}, [FOLD])
    (tmp_path / "emotion_labels.pkl").write_bytes(pickle.dumps(CK_LABELS, 3))
    assert read_fmpn_labels(tmp_path, "ckplus") == {"S005_001": 2, "S010_002": 6, "S999_001": 0}
    assert len(read_fmpn_fold(tmp_path, "ckplus", 0).train) == 3


def test_a_hostile_pickle_runs_nothing(tmp_path: Path) -> None:
    save_fmpn(tmp_path, CK_LABELS, [FOLD])
    for kind, stream in hostile_streams(tmp_path / "was here").items():
        (tmp_path / "emotion_labels.pkl").write_bytes(stream)
        with pytest.raises(DatasetError, match="not opened: it asks for"):
            read_fmpn_fold(tmp_path, "ckplus", 0)
        assert not (tmp_path / "was here").exists(), kind


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("folder", "name", "train", "test", "classes"),
    [("CKPlus", "ckplus", 903, 78, {0, 1, 3, 5}), ("MMI", "mmi", 561, 63, {0, 1, 2, 3, 4, 5})],
)
def test_the_published_fold(folder: str, name: Any, train: int, test: int, classes: set[int]) -> None:
    path = DATA / "fmpn" / folder
    if not path.is_dir():
        pytest.skip(f"{path} is absent; set REALTIME_FER_DATA")
    fold = read_fmpn_fold(path, name, 0, need_pictures=False)
    assert (len(fold.train), len(fold.test)) == (train, test)
    assert {item.label for item in fold.test} <= classes
    assert all((fold.masks / f"{label}.png").is_file() for label in range(len(fold.labels)))
    with pytest.raises(DatasetError, match=rf"imgs.S\d+_\d+_\d+\.png: no such file, nor {train + test - 1} more"):
        read_fmpn_fold(path, name, 0)


@pytest.mark.shared_data
def test_the_published_numbers_of_sequences() -> None:
    if not (DATA / "fmpn").is_dir():
        pytest.skip(f"{DATA / 'fmpn'} is absent; set REALTIME_FER_DATA")
    labels = list(read_fmpn_labels(DATA / "fmpn" / "CKPlus", "ckplus").values())
    assert [labels.count(label) for label in range(7)] == [45, 18, 59, 25, 69, 28, 83]


def test_frames_without_lists(tmp_path: Path) -> None:
    save_fmpn(tmp_path, {"S001_100": 0, "S002_104": 5}, [])
    for name in ("S001_100_040.png", "S002_104_012.png", "S003_001_001.png"):
        save_picture(tmp_path / "imgs" / name)
    found = read_fmpn_frames(tmp_path, "mmi")
    assert [(item.file.name, item.label, item.subject) for item in found] == [
        ("S001_100_040.png", 0, "S001"),
        ("S002_104_012.png", 5, "S002"),
    ]
    for item in found:
        item.file.unlink()
    with pytest.raises(DatasetError, match=r"imgs: expected pictures such as.*found 1 of others"):
        read_fmpn_frames(tmp_path, "mmi")


def test_a_person_in_both_lists(tmp_path: Path) -> None:
    save_fmpn(tmp_path, {**CK_LABELS, "S005_002": 1}, [(FOLD[0], [*FOLD[1], "S005_002_00000001.png"])])
    with pytest.raises(DatasetError, match=r"test_ids_0\.csv: expected people who are not in train_ids_0\.csv, found S005"):
        read_fmpn_fold(tmp_path, "ckplus", 0)


@pytest.mark.parametrize("name", ["hello.png", "S777_001_00000001.png"])
def test_a_name_that_is_none_is_named_with_its_list(tmp_path: Path, name: str) -> None:
    save_fmpn(tmp_path, CK_LABELS, [(FOLD[0], [*FOLD[1], name])])
    with pytest.raises(DatasetError, match=rf"test_ids_0\.csv: {name}: expected .*donydchen"):
        read_fmpn_fold(tmp_path, "ckplus", 0)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"emotion_labels\.pkl: no such file, nor emotion_labels\.json.*donydchen/FMPN-FER"):
        read_fmpn_fold(tmp_path / "absent", "ckplus", 0)
    save_fmpn(tmp_path, CK_LABELS, [FOLD])
    for name in FOLD[0][:2]:
        (tmp_path / "imgs" / name).unlink()
    with pytest.raises(DatasetError, match=r"S005_001_00000010\.png: no such file, nor 1 more of the 4 that fold 0 lists"):
        read_fmpn_fold(tmp_path, "ckplus", 0)
    with pytest.raises(DatasetError, match=r"train_ids_4\.csv"):
        read_fmpn_fold(tmp_path, "ckplus", 4)
    with pytest.raises(DatasetError, match="expected a fold of 0 to 9, found 10"):
        read_fmpn_fold(tmp_path, "ckplus", 10)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"S005_001": 0}, "'S005_001': expected a label of 1 to 7, or -1 for none, found 0; is this the folder of ckplus"),
        ({"S005_001": 2.5}, "found 2.5"),
        ({"S005_001": "anger"}, "found 'anger'"),
        ({"S005_001": True}, "found True"),
        ([1], "expected labels of sequences such as S005_001, found list"),
        (CK_LABELS | {"S005_001": -1}, r"train_ids_0\.csv: S005_001_00000010\.png: expected a frame of a labelled sequence"),
    ],
)
def test_bad_labels_are_named(tmp_path: Path, labels: Any, message: str) -> None:
    save_fmpn(tmp_path, CK_LABELS, [FOLD])
    (tmp_path / "emotion_labels.json").write_text(json.dumps(labels))
    with pytest.raises(DatasetError, match=message):
        read_fmpn_fold(tmp_path, "ckplus", 0)


def test_labels_that_are_no_json(tmp_path: Path) -> None:
    save_fmpn(tmp_path, CK_LABELS, [FOLD])
    for text in ("{", "[" * 100_000):
        (tmp_path / "emotion_labels.json").write_text(text)
        with pytest.raises(DatasetError, match=r"emotion_labels\.json: expected labels as JSON"):
            read_fmpn_labels(tmp_path, "ckplus")
