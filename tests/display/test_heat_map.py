from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.display.heat_map import draw_heat_map
from realtime_fer.errors import ShapeError


def grey_canvas() -> np.ndarray:
    return np.full((60, 80, 3), 100, np.uint8)


def test_nothing_where_the_map_is_0_and_warm_where_it_is_1() -> None:
    canvas, heat = grey_canvas(), np.zeros((4, 4), np.float32)
    heat[:2] = 1
    draw_heat_map(canvas, heat, 20, 10, 40)
    untouched = grey_canvas()
    untouched[10:50, 20:60] = canvas[10:50, 20:60]
    assert (canvas == untouched).all()
    assert (canvas[46:50, 20:60] == 100).all()
    blue, green, red = canvas[12, 40]
    assert red > 180 > blue
    assert green > 100


def test_strength_is_how_much_is_hidden() -> None:
    shown = []
    for strength in (0.0, 0.5, 1.0):
        canvas = grey_canvas()
        draw_heat_map(canvas, np.ones((3, 3), np.float32), 0, 0, 30, strength=strength)
        shown.append(canvas[15, 15].astype(int))
    assert (shown[0] == 100).all()
    assert np.abs(shown[1] - (shown[0] + shown[2]) / 2).max() <= 1


def test_a_square_over_the_border_shows_its_part_of_the_map() -> None:
    heat = np.zeros((8, 8), np.float32)
    heat[:, 4:] = 1
    inside, over = grey_canvas(), grey_canvas()
    draw_heat_map(inside, heat, 20, 10, 40)
    wide = np.pad(grey_canvas(), ((0, 0), (0, 0), (0, 0)))
    draw_heat_map(wide, heat, -20, 10, 40)
    assert (wide[:, :20] == inside[:, 40:60]).all()
    for left, top in ((-40, 0), (80, 0), (0, -40), (0, 60)):
        draw_heat_map(over, heat, left, top, 40)
    assert (over == 100).all()


def test_odd_numbers_stay_in_the_picture() -> None:
    canvas = grey_canvas()
    draw_heat_map(canvas, np.array([[np.nan, 7], [-3, 0]], np.float32), -500, -500, 5000)
    assert canvas.dtype == np.uint8
    with pytest.raises(ShapeError, match=r"\(S, S\), found \(2, 3\)"):
        draw_heat_map(canvas, np.zeros((2, 3), np.float32), 0, 0, 10)
