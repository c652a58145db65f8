from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.datasets.affwild2 import AffWild2Frame, read_affwild2
from realtime_fer.errors import DatasetError


def write(folder: Path) -> None:
    for task in ("EXPR_Set", "VA_Set"):
        for split in ("Train_Set", "Validation_Set"):
            (folder / task / split).mkdir(parents=True)
    (folder / "EXPR_Set/Train_Set/a.txt").write_text("Neutral,Anger\n3\n-1\n2\n1\n")
    (folder / "EXPR_Set/Train_Set/no_affect.txt").write_text("Neutral\n3\n")
    (folder / "EXPR_Set/Validation_Set/b.txt").write_text("Neutral\n5\n")
    (folder / "VA_Set/Train_Set/a.txt").write_text("valence,arousal\n0.1,-0.2\n0,0\n-5,-5\n1,-1\n")
    (folder / "VA_Set/Train_Set/b.txt").write_text("valence,arousal\n0.5,0.25\n")
    for name in ("a/00001", "a/00002", "a/00003", "a/00004", "b/00001", "b/00002", "no_affect/00001"):
        path = folder / "frames" / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (folder / "frames/a/cover.jpg").touch()


def test_frames_with_both_labels(tmp_path: Path) -> None:
    write(tmp_path)
    assert read_affwild2(tmp_path, tmp_path / "frames", "train") == [
        AffWild2Frame("a/00001.jpg", 3, 0.1, -0.2),
        AffWild2Frame("a/00004.jpg", 1, 1.0, -1.0),
    ]
    assert read_affwild2(tmp_path, tmp_path / "frames", "validation") == [AffWild2Frame("b/00001.jpg", 5, 0.5, 0.25)]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="VA_Set"):
        read_affwild2(tmp_path, tmp_path, "train")
    write(tmp_path)
    (tmp_path / "VA_Set/Train_Set/a.txt").write_text("valence,arousal\n0.1\n")
    with pytest.raises(DatasetError, match=r"a\.txt: line 2: expected valence,arousal, found '0\.1'"):
        read_affwild2(tmp_path, tmp_path / "frames", "train")
    (tmp_path / "VA_Set/Train_Set/a.txt").write_text("valence,arousal\nnan,0\n")
    with pytest.raises(DatasetError, match=r"a\.txt: line 2: expected valence,arousal, found 'nan,0'"):
        read_affwild2(tmp_path, tmp_path / "frames", "train")
    (tmp_path / "VA_Set/Train_Set/a.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DatasetError, match=r"a\.txt: expected a list of Aff-Wild2's annotations"):
        read_affwild2(tmp_path, tmp_path / "frames", "train")
    (tmp_path / "EXPR_Set/Validation_Set/b.txt").write_text("Neutral\n0.5\n")
    with pytest.raises(DatasetError, match=r"b\.txt: line 2: expected a class of 0 to 6, or -1, found '0\.5'; unpack"):
        read_affwild2(tmp_path, tmp_path / "frames", "validation")
    (tmp_path / "EXPR_Set/Validation_Set/b.txt").write_text("Neutral\n7\n")
    with pytest.raises(DatasetError, match=r"b\.txt: line 2: expected a class of 0 to 6, or -1, found '7'.*ibug\.doc"):
        read_affwild2(tmp_path, tmp_path / "frames", "validation")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # Every later frame would get the label of the one before.
        ("Neutral\n\n5\n", r"b\.txt: line 2: expected the annotation of frame 1, found an empty line; unpack"),
        # The first frame's label would be taken for the header.
        ("5\n5\n", r"b\.txt: line 1: expected names of classes or of valence and arousal, found '5'"),
        ("", r"b\.txt: line 1: .* found ''"),
    ],
)
def test_lines_that_would_shift_the_labels(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path)
    (tmp_path / "EXPR_Set/Validation_Set/b.txt").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_affwild2(tmp_path, tmp_path / "frames", "validation")


def test_other_systems_endings_and_leavings(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "EXPR_Set/Validation_Set/b.txt").write_bytes("Neutral\r\n5\r\n\r\n".encode("utf-8-sig"))
    for name in ("EXPR_Set/Validation_Set/._b.txt", "VA_Set/Train_Set/._b.txt"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7\xff")
    assert len(read_affwild2(tmp_path, tmp_path / "frames", "validation")) == 1
