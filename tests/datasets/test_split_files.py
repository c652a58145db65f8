from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.datasets.split_files import SplitNames, read_split, split_paths, subject_of
from realtime_fer.errors import DatasetError

NAMES = SplitNames(("S005_001_00000009.png", "S005_001_00000010.png"), ("S999_001_00000016.png",))


def save_split(folder: Path, train: str, test: str) -> None:
    for path, text in zip(split_paths(folder, 0), (train, test), strict=True):
        path.write_text(text)


def test_a_name_a_line(tmp_path: Path) -> None:
    save_split(tmp_path, "S005_001_00000009.png\nS005_001_00000010.png", "S999_001_00000016.png\r\n\r\n")
    assert read_split(tmp_path, 0) == NAMES


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ("", "b.png", r"train_ids_0\.csv: expected a file name a line, found an empty file"),
        ("a.png\r\nb.png\n\na.png", "c.png", r"train_ids_0\.csv: name 3: .*'a\.png' again"),
        ("a.png", "b.png,1", r"test_ids_0\.csv: name 1: .*which is no file name"),
        ("../a.png", "b.png", r"train_ids_0\.csv: name 1: .*which is no file name"),
        ("a.png\nb.png", "b.png\nc.png", r"test_ids_0\.csv: b\.png is in the list for training too"),
    ],
)
def test_a_bad_list_is_named(tmp_path: Path, train: str, test: str, message: str) -> None:
    save_split(tmp_path, train, test)
    with pytest.raises(DatasetError, match=message):
        read_split(tmp_path, 0)


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    save_split(tmp_path, "a.png", "b.png")
    with pytest.raises(DatasetError, match=r"train_ids_1\.csv: expected a list of file names.*donydchen/FMPN-FER"):
        read_split(tmp_path, 1)


def test_people_in_names() -> None:
    assert subject_of("S005_001_00000009.png") == "S005"
    for name in ("S005_001.png", "S005-001-9.png", "_001_1.png", "a_b_c_d.png"):
        with pytest.raises(DatasetError, match="expected a name such as"):
            subject_of(name)
