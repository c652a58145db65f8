from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.display.canvas import Box, darken, overlap, width_of, write


@pytest.mark.parametrize(
    ("other", "shares"), [((9, 9, 20, 20), True), ((10, 0, 20, 10), False), ((0, 10, 10, 20), False), ((2, 2, 3, 3), True)]
)
def test_boxes_overlap_where_they_share_a_pixel(other: Box, shares: bool) -> None:
    assert overlap((0, 0, 10, 10), other) is shares
    assert overlap(other, (0, 0, 10, 10)) is shares


def test_a_panel_is_a_darker_part_of_the_canvas() -> None:
    canvas = np.full((20, 30, 3), 90, np.uint8)
    panel = darken(canvas, (5, 2, 15, 8))
    assert panel.shape == (6, 10, 3)
    assert (canvas[2:8, 5:15] == 30).all()
    assert (canvas == 30).sum() == 6 * 10 * 3
    panel[:] = 1
    assert (canvas[2:8, 5:15] == 1).all()


def test_words_are_as_wide_as_they_say() -> None:
    canvas = np.full((60, 400, 3), 90, np.uint8)
    write(canvas, "sadly surprised", (10, 40), 1.0, (255, 255, 255))
    columns = np.flatnonzero((canvas != 90).any(axis=(0, 2)))
    assert abs(columns[-1] - columns[0] - width_of("sadly surprised", 1.0)) <= 6
    assert width_of("sadly surprised", 0.5) < width_of("sadly surprised", 1.0)
