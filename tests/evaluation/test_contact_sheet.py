from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.contact_sheet import (
    CAPTION_SCALE,
    FONT,
    Section,
    Tile,
    contact_sheet,
    shortened,
    write_contact_sheet,
)


def tile(colour: tuple[int, int, int], shape: tuple[int, int] = (50, 50), *caption: str) -> Tile:
    return Tile(np.full((*shape, 3), colour, np.uint8), caption)


def share_of(sheet: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((sheet == colour).all(axis=-1).sum())


def test_every_tile_is_there_in_full() -> None:
    tiles = [tile((0, 0, 255)), tile((255, 0, 0), (10, 20)), tile((0, 255, 0), (300, 100))]
    sheet = contact_sheet([Section("one", tiles)], columns=2, tile_px=100)
    assert share_of(sheet, (0, 0, 255)) == 100 * 100
    # Fitted into the square, shape kept: enlarged and shrunk.
    assert share_of(sheet, (255, 0, 0)) == 100 * 50
    assert share_of(sheet, (0, 255, 0)) == 33 * 100
    # The third begins a second row, below the first.
    assert np.nonzero((sheet == (0, 255, 0)).all(axis=-1))[0].min() > np.nonzero((sheet == (0, 0, 255)).all(axis=-1))[0].max()


def test_captions_and_headings_take_their_own_room() -> None:
    plain = contact_sheet([Section("", [tile((0, 0, 255))])], columns=1, tile_px=100)
    captioned = contact_sheet([Section("", [tile((0, 0, 255), (50, 50), "a face", "0.9")])], columns=1, tile_px=100)
    assert captioned.shape[0] > plain.shape[0]
    assert share_of(captioned, (0, 0, 255)) == share_of(plain, (0, 0, 255))
    assert (captioned[plain.shape[0] - 10 :] < 100).any()
    two = contact_sheet([Section("first", [tile((0, 0, 255))]), Section("none", [])], columns=1, tile_px=100)
    assert two.shape[0] > plain.shape[0]
    assert two.shape[1] == plain.shape[1]


def test_long_names_keep_both_ends_and_fit() -> None:
    name = "rf_a-very-long-name-of-a-picture-that-nobody-can-read-000128.jpg"
    short = shortened(name, 200)
    assert short.startswith("rf_")
    assert short.endswith("000128.jpg")
    assert cv2.getTextSize(short, FONT, CAPTION_SCALE, 1)[0][0] <= 200
    assert shortened("short.jpg", 200) == "short.jpg"
    assert shortened(name, 1) == name[:6]


def test_names_in_any_script_are_drawn_somehow() -> None:
    contact_sheet([Section("élan 顔", [tile((0, 0, 255), (5, 5), "顔.png")])])


def test_written_as_png_where_one_may_write(tmp_path: Path) -> None:
    path = write_contact_sheet(tmp_path / "new" / "sheet.png", [Section("one", [tile((0, 0, 255))])])
    assert share_of(np.asarray(cv2.imread(str(path))), (0, 0, 255)) == 200 * 200
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="cannot write the contact sheet"):
        write_contact_sheet(tmp_path / "file" / "sheet.png", [Section("", [])])
