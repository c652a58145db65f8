from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.datasets.raf_db import COMPOUND_LABELS, RafDbPicture, read_raf_db_basic, read_raf_db_compound
from realtime_fer.errors import DatasetError
from tests.datasets.raf_db_folders import BASIC, COMPOUND, save_part
from tests.reasoning.chain_of_affect.published_facts import published_facts


def test_single_labels(tmp_path: Path) -> None:
    part = read_raf_db_basic(save_part(tmp_path, BASIC))
    assert part.folder == tmp_path / "Image" / "aligned"
    assert part.pictures == (
        RafDbPicture("train", "00001", "Sadness", "train_00001_aligned.jpg"),
        RafDbPicture("train", "00002", "Neutral", "train_00002_aligned.jpg"),
        RafDbPicture("test", "0001", "Surprise", "test_0001_aligned.jpg"),
        RafDbPicture("test", "0002", "Happiness", "test_0002_aligned.jpg"),
    )


def test_compound_labels(tmp_path: Path) -> None:
    part = read_raf_db_compound(save_part(tmp_path, COMPOUND))
    assert [picture.label for picture in part.pictures] == ["Sadly Fearful", "Disgustedly Surprised", "Happily Surprised"]
    assert [picture.split for picture in part.pictures] == ["train", "test", "test"]


def test_whole_photographs(tmp_path: Path) -> None:
    part = read_raf_db_basic(save_part(tmp_path, BASIC), "original")
    assert part.folder == tmp_path / "Image" / "original"
    assert part.pictures[0].image == "train_00001.jpg"


def test_the_published_numbers_of_classes() -> None:
    facts = published_facts()
    assert [(entry["raf_db_id"], entry["label"]) for entry in facts["compound"]] == list(enumerate(COMPOUND_LABELS, 1))


def test_a_missing_list_says_where_to_ask_for_the_set(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"list_patition_label\.txt: no such file.*compound part.*whdeng\.cn/RAF"):
        read_raf_db_compound(tmp_path)


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "basic").write_text("")
    with pytest.raises(DatasetError, match=r"no such file.*whdeng\.cn/RAF"):
        read_raf_db_basic(tmp_path / "basic")


def test_missing_pictures_are_named_and_counted(tmp_path: Path) -> None:
    save_part(tmp_path, BASIC)
    for name in ("test_0001_aligned.jpg", "test_0002_aligned.jpg"):
        (tmp_path / "Image" / "aligned" / name).unlink()
    with pytest.raises(DatasetError, match=r"test_0001_aligned\.jpg: no such file, nor 1 more of the 4.*aligned\.zip.*whdeng"):
        read_raf_db_basic(tmp_path)


@pytest.mark.parametrize(
    "line", ["train_00001.jpg", "train_00001.jpg 8", "train_00001.jpg 0", "valid_1.jpg 2", "train_1.png 2"]
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    save_part(tmp_path, BASIC)
    (tmp_path / "EmoLabel" / "list_patition_label.txt").write_text(f"{BASIC[0]}\n\n{line}\n")
    with pytest.raises(
        DatasetError, match=r"list_patition_label\.txt, line 3: expected.*label of 1 to 7.*; unpack RAF-DB again"
    ):
        read_raf_db_basic(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"), [("\n", "empty file"), (f"{BASIC[0]}\n" * 2, "train_00001_aligned.jpg is listed twice")]
)
def test_a_strange_list(tmp_path: Path, content: str, message: str) -> None:
    save_part(tmp_path, BASIC)
    (tmp_path / "EmoLabel" / "list_patition_label.txt").write_text(content)
    with pytest.raises(DatasetError, match=message):
        read_raf_db_basic(tmp_path)
