from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.datasets.ferplus import FerPlus, load_ferplus
from realtime_fer.datasets.ferplus_files import read_ferplus, read_ferplus_pictures, read_ferplus_tables
from realtime_fer.errors import DatasetError
from realtime_fer.labels import FERPLUS_VOTE_COLUMNS
from tests.datasets.miniatures import save_ferplus_pictures, save_ferplus_tables

RANDOM = np.random.default_rng(5)
IMAGES = RANDOM.integers(0, 256, (4, 48, 48), dtype=np.uint8)
VOTES = RANDOM.integers(0, 11, (4, 10), dtype=np.uint8)


def same(one: FerPlus, other: FerPlus) -> bool:
    return np.array_equal(one.images, other.images) and np.array_equal(one.votes, other.votes)


def test_all_three_forms_of_the_same_faces_are_equal(tmp_path: Path) -> None:
    np.savez(tmp_path / "faces.npz", images=IMAGES, votes=VOTES, vote_names=np.array(FERPLUS_VOTE_COLUMNS))
    expected = load_ferplus(tmp_path / "faces.npz")
    assert len(expected) == 4
    assert same(read_ferplus_pictures(save_ferplus_pictures(tmp_path, IMAGES, VOTES)), expected)
    assert same(read_ferplus_tables(save_ferplus_tables(tmp_path, IMAGES, VOTES, ["Training"] * 4), "train"), expected)


def test_tables_hold_all_parts(tmp_path: Path) -> None:
    save_ferplus_tables(tmp_path, IMAGES, VOTES, ["Training", "PrivateTest", "PublicTest", "Training"])
    found = {part: read_ferplus_tables(tmp_path, part) for part in ("train", "valid", "test")}
    assert np.array_equal(found["train"].images, IMAGES[[0, 3]])
    assert np.array_equal(found["valid"].votes, VOTES[[2]])
    assert np.array_equal(found["test"].images, IMAGES[[1]])


def test_where_a_part_is(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"ferplus_test\.npz: no such file; expected .* FER2013Test with label\.csv"):
        read_ferplus(tmp_path, "test")
    with pytest.raises(DatasetError, match=r"absent\.npz: expected an npz file of FER\+ faces, found none .*No such file"):
        read_ferplus(tmp_path / "absent.npz", "test")
    inner = save_ferplus_pictures(tmp_path / "data", IMAGES[:1], VOTES[:1], "PrivateTest")
    assert len(read_ferplus(tmp_path, "test")) == len(read_ferplus(tmp_path / "data", "test")) == 1
    assert len(read_ferplus(inner, "train")) == 1
    save_ferplus_tables(tmp_path, IMAGES, VOTES, ["Training"] * 4)
    assert len(read_ferplus(tmp_path, "train")) == 4


def test_missing_pictures_are_counted(tmp_path: Path) -> None:
    place = save_ferplus_pictures(tmp_path, IMAGES, VOTES)
    for number in (1, 3):
        (place / f"fer{number:07d}.png").unlink()
    with pytest.raises(DatasetError, match=r"fer0000001\.png: no such file, nor 1 more of the 4.*generate_training.*kaggle"):
        read_ferplus_pictures(place)
    with pytest.raises(DatasetError, match=r"absent.label\.csv: expected a table of FER\+.*microsoft/FERPlus"):
        read_ferplus_pictures(tmp_path / "absent")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("fer0000000.png,4,0,0,0,1,0,0,4,1,0", "row 2: expected a picture's name, a box and 10 votes"),
        ('../a.png,"(0, 0, 48, 48)",4,0,0,0,1,0,0,4,1,0', "row 2: expected a picture's name"),
        ('fer0000000.png,"(0, 0, 48, 48)",4,0,x,0,1,0,0,4,1,0', "row 2: expected 10 numbers of votes"),
        ('fer0000000.png,"(0, 0, 48, 48)",4,0,256,0,1,0,0,4,1,0', "row 2: expected 10 numbers of votes"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    place = save_ferplus_pictures(tmp_path, IMAGES[:1], VOTES[:1])
    with (place / "label.csv").open("a") as file:
        file.write(row + "\n")
    with pytest.raises(DatasetError, match=rf"label\.csv: {message}"):
        read_ferplus_pictures(place)


def test_strange_pictures_and_an_empty_list(tmp_path: Path) -> None:
    place = save_ferplus_pictures(tmp_path, IMAGES, VOTES)
    cv2.imwrite(str(place / "fer0000002.png"), np.zeros((48, 48, 3), np.uint8))
    with pytest.raises(DatasetError, match=r"fer0000002\.png: expected a grey face.*found uint8 \(48, 48, 3\)"):
        read_ferplus_pictures(place)
    (place / "fer0000002.png").write_bytes(b"hello")
    with pytest.raises(DatasetError, match=r"fer0000002\.png: expected a grey face.*no picture"):
        read_ferplus_pictures(place)
    (place / "label.csv").write_text("\n")
    with pytest.raises(DatasetError, match="empty file"):
        read_ferplus_pictures(place)


def test_tables_that_a_spreadsheet_has_saved(tmp_path: Path) -> None:
    save_ferplus_tables(tmp_path, IMAGES, VOTES, ["Training"] * 4)
    place = save_ferplus_pictures(tmp_path, IMAGES, VOTES)
    for path in (tmp_path / "fer2013.csv", tmp_path / "fer2013new.csv", place / "label.csv"):
        path.write_bytes("\r\n\r\n".join(path.read_text().splitlines()).encode("utf-8-sig"))
    for found in (read_ferplus_tables(tmp_path, "train"), read_ferplus_pictures(place)):
        assert (found.images == IMAGES).all()
        assert (found.votes == VOTES).all()


def test_tables_that_do_not_belong_together(tmp_path: Path) -> None:
    usages = ["Training"] * 4
    save_ferplus_tables(tmp_path, IMAGES, VOTES, usages)
    table = tmp_path / "fer2013.csv"
    rows = table.read_text().splitlines()
    with pytest.raises(DatasetError, match=r"fer2013new\.csv: expected rows of usage PrivateTest, found none"):
        read_ferplus_tables(tmp_path, "test")
    table.write_text("\n".join(rows[:-1]))
    with pytest.raises(DatasetError, match=r"fer2013\.csv: expected as many rows as fer2013new\.csv has, found fewer"):
        read_ferplus_tables(tmp_path, "train")
    table.write_text("\n".join([*rows[:2], rows[2].replace("Training", "PublicTest"), *rows[3:]]))
    with pytest.raises(DatasetError, match=r"fer2013new\.csv: row 3: expected usage, name and 10 votes"):
        read_ferplus_tables(tmp_path, "train")
    table.write_text("\n".join([*rows[:2], "0,1 2 3,Training", *rows[3:]]))
    with pytest.raises(DatasetError, match=r"fer2013\.csv: row 3: expected 2304 pixels of 0 to 255, found 3 cells"):
        read_ferplus_tables(tmp_path, "train")
    table.write_text("\n".join(rows[1:]))
    with pytest.raises(DatasetError, match=r"fer2013\.csv: expected a header that begins with emotion"):
        read_ferplus_tables(tmp_path, "train")
    table.unlink()
    with pytest.raises(DatasetError, match=r"fer2013\.csv: expected a table.*kaggle"):
        read_ferplus_tables(tmp_path, "train")
