from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.datasets.affectnet import COLUMNS, AffectNetFace, cut_levelled, level, levelling, read_affectnet
from realtime_fer.errors import DatasetError

LEVEL = AffectNetFace("a.png", (10, 5, 20, 20), 3, 0.5, -0.5, left_eye=(15, 12), right_eye=(25, 12))


def row(expression: int, points: int = 68) -> str:
    landmarks = ";".join(f"{10 + point % 6 + (20 if point >= 42 else 0)}.9;{30.5}" for point in range(points))
    return f"1/a.jpg,10,5,20,21,{landmarks},{expression},0.5,-0.25"


def test_seven_expressions_are_kept_and_eye_centres_are_cut_to_whole_pixels(tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    path.write_text("\n".join([",".join(COLUMNS), row(6), row(7), row(0)]))
    faces = read_affectnet(path)
    assert [face.expression for face in faces] == [6, 0]
    # Points 36 to 41 lie at 10.9 to 15.9, the mean is 13.4.
    assert faces[0] == AffectNetFace("1/a.jpg", (10, 5, 20, 21), 6, 0.5, -0.25, (13, 30), (33, 30))


def test_a_list_without_its_header_line(tmp_path: Path) -> None:
    path = tmp_path / "validation.csv"
    path.write_text("\n".join([row(6), row(0)]))
    assert [face.expression for face in read_affectnet(path)] == [6, 0]


def test_a_list_saved_by_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    lines = [",".join((*COLUMNS, "note")), "", f"{row(6)},x", f"{row(0)},", ""]
    path.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    assert [face.expression for face in read_affectnet(path)] == [6, 0]


def test_a_broken_list_is_named(tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    with pytest.raises(DatasetError, match=r"training\.csv"):
        read_affectnet(path)
    path.write_text("")
    with pytest.raises(DatasetError, match="empty file"):
        read_affectnet(path)
    path.write_text("\n".join([",".join(COLUMNS), row(1), row(1, points=5)]))
    with pytest.raises(DatasetError, match=r"row 3: expected 68 facial landmarks, found 5"):
        read_affectnet(path)
    path.write_text(row(1).replace("10,5,20,21", "inf,5,20,21"))
    with pytest.raises(DatasetError, match="row 1: face_x: expected a number, found 'inf'; copy the list again"):
        read_affectnet(path)
    path.write_text(row(1).replace("10.9;", "nan;"))
    with pytest.raises(DatasetError, match="row 1: facial_landmarks: expected a number, found 'nan'"):
        read_affectnet(path)
    for value in ("nan", "-2"):
        path.write_text(row(1).replace(",0.5,", f",{value},"))
        with pytest.raises(DatasetError, match=r"row 1: .*valence"):
            read_affectnet(path)
    path.write_text(row(-1))
    with pytest.raises(DatasetError, match="row 1: expected an expression of 0 to 10, found '-1'"):
        read_affectnet(path)
    path.write_text(row(11))
    with pytest.raises(DatasetError, match="row 1: expected an expression of 0 to 10, found '11'"):
        read_affectnet(path)
    path.write_text("\n".join([",".join(COLUMNS), row(1).replace(",", "|")]))
    with pytest.raises(DatasetError, match="row 2: expected 9 cells with commas between them, found 1; copy"):
        read_affectnet(path)
    path.write_text("subDirectory_filePath,x\na,1\n")
    with pytest.raises(DatasetError, match="face_x"):
        read_affectnet(path)


def test_level_eyes_turn_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    np.testing.assert_array_equal(level(image, LEVEL, swapped_canvas=False), image[..., ::-1])
    swapped = level(image, LEVEL)
    assert swapped.shape == (40, 30, 3)
    np.testing.assert_array_equal(swapped[:30], image[:, :30, ::-1])
    assert (swapped[30:] == 0).all()


def test_both_eyes_come_to_one_height() -> None:
    for right in ((25, 20), (25, 4), (15, 20)):
        face = replace(LEVEL, right_eye=right)
        turned = [levelling(face) @ (*eye, 1) for eye in (face.left_eye, face.right_eye)]
        assert turned[0][1] == pytest.approx(turned[1][1])
    assert levelling(replace(LEVEL, right_eye=LEVEL.left_eye)) == pytest.approx(np.eye(2, 3))


def test_the_cut_is_black_outside_the_picture() -> None:
    image = np.full((30, 40, 3), 9, np.uint8)
    assert (cut_levelled(image, LEVEL) == 9).all()
    cut = cut_levelled(image, replace(LEVEL, box_xywh=(-5, 20, 20, 20)))
    assert cut.shape == (20, 20, 3)
    assert (cut[:10, 5:] == 9).all()
    assert (cut[10:] == 0).all()
    assert (cut[:, :5] == 0).all()
    assert (cut_levelled(image, replace(LEVEL, box_xywh=(100, 100, 20, 20))) == 0).all()
