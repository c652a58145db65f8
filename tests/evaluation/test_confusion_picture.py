from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib")

from realtime_fer.errors import DatasetError, MissingExtraError
from realtime_fer.evaluation.confusion_picture import draw_confusion, require_drawing


def darkness(path: Path) -> np.ndarray:
    """Of each pixel, 0 for white to 255 for black."""
    return 255 - np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)).astype(int)


def test_colour_is_the_share_of_the_row_not_the_count(tmp_path: Path) -> None:
    """Ten of ten are as dark as ninety of ninety."""
    few = darkness(draw_confusion(tmp_path / "few.png", np.array([[10, 0], [0, 10]]), ("a", "b"), "t"))
    many = darkness(draw_confusion(tmp_path / "many.png", np.array([[10, 0], [0, 90]]), ("a", "b"), "t"))
    assert min(few.shape) > 200
    assert abs(few.sum() - many.sum()) < 0.01 * few.sum()
    # But the numbers differ.
    assert (few != many).any()


def test_what_is_wrong_shows(tmp_path: Path) -> None:
    right = draw_confusion(tmp_path / "r.png", np.array([[10, 0], [0, 10]]), ("a", "b"), "t")
    wrong = draw_confusion(tmp_path / "w.png", np.array([[0, 10], [10, 0]]), ("a", "b"), "t")
    shift = darkness(right) - darkness(wrong)
    half = shift.shape[1] // 2
    # Upper left was dark and no longer is, upper right the other way round.
    upper = slice(0, shift.shape[0] // 2)
    assert shift[upper, :half].sum() > 0 > shift[upper, half:].sum()


def test_long_titles_and_names_stay_in_the_picture(tmp_path: Path) -> None:
    title = "a-model-with-a-long-name, fmpn-ckplus test, fold 3, n = 12345, WAR 0.888, UAR 0.777"
    counts = np.eye(2, dtype=int) * 12345
    drawn = darkness(draw_confusion(tmp_path / "c.png", counts, ("a name of a class that is long", "b"), title))
    border = np.concatenate([drawn[:, :2].ravel(), drawn[:, -2:].ravel(), drawn[:2].ravel(), drawn[-2:].ravel()])
    assert border.max() == 0
    # The two cells on the diagonal are dark, and wide enough for their numbers.
    assert ((drawn > 150).sum(axis=1) > 40).sum() > 80


def test_an_empty_row_is_drawn(tmp_path: Path) -> None:
    assert draw_confusion(tmp_path / "c.png", np.zeros((3, 3), np.int64), ("a", "b", "c"), "nothing").is_file()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot write the picture"):
        draw_confusion(tmp_path / "absent" / "c.png", np.eye(2, dtype=int), ("a", "b"), "t")


def test_without_matplotlib_it_is_said_early(monkeypatch: pytest.MonkeyPatch) -> None:
    require_drawing()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"drawing a confusion matrix .*realtime-fer\[demo\]"):
        require_drawing()
