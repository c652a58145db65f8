from __future__ import annotations

import os
from pathlib import Path

import pytest

from realtime_fer.datasets.split_files import SplitNames, read_split, split_paths, subject_of, write_split
from realtime_fer.errors import DatasetError

DATA = Path(os.environ.get("REALTIME_FER_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
NAMES = SplitNames(("S005_001_00000009.png", "S005_001_00000010.png"), ("S999_001_00000016.png",))


def test_written_lists_are_read_back(tmp_path: Path) -> None:
    write_split(tmp_path / "new", 3, NAMES)
    assert (tmp_path / "new" / "train_ids_3.csv").read_bytes() == b"S005_001_00000009.png\nS005_001_00000010.png"
    assert read_split(tmp_path / "new", 3) == NAMES


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["CKPlus", "MMI"])
def test_published_lists_are_written_byte_for_byte(tmp_path: Path, name: str) -> None:
    folder = DATA / "fmpn" / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent; set REALTIME_FER_DATA")
    write_split(tmp_path, 0, read_split(folder, 0))
    for written, published in zip(split_paths(tmp_path, 0), split_paths(folder, 0), strict=True):
        assert written.read_bytes() == published.read_bytes()


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
    (tmp_path / "train_ids_0.csv").write_text(train)
    (tmp_path / "test_ids_0.csv").write_text(test)
    with pytest.raises(DatasetError, match=message):
        read_split(tmp_path, 0)


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    write_split(tmp_path, 0, NAMES)
    with pytest.raises(DatasetError, match=r"train_ids_1\.csv: expected a list of file names.*donydchen/FMPN-FER"):
        read_split(tmp_path, 1)


def test_people_in_names() -> None:
    assert subject_of("S005_001_00000009.png") == "S005"
    for name in ("S005_001.png", "S005-001-9.png", "_001_1.png", "a_b_c_d.png"):
        with pytest.raises(DatasetError, match="expected a name such as"):
            subject_of(name)
