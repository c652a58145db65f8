from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.display.canvas import Box, overlap, width_of
from realtime_fer.display.remark import MAX_LINES, STALE_COLOUR, Remark, draw_remark, plain, wrap
from realtime_fer.types import ImageBgr

SENTENCE = "The face looks sadly fearful: sadness (62%) first, then fear (21%)."
FACE = (200, 100, 300, 220)


def blank(width: int = 640, height: int = 480) -> ImageBgr:
    return np.full((height, width, 3), 90, np.uint8)


def place(
    canvas: ImageBgr, face: Box = FACE, *, text: str = SENTENCE, stale: bool = False, taken: tuple[Box, ...] = (), top: int = 20
) -> Box | None:
    """Drawn, and where; whatever is changed lies in the panel."""
    before = canvas.copy()
    panel = draw_remark(canvas, Remark(text, stale), face, 0.8, taken=[face, *taken], top=top, bottom=0, floor=canvas.shape[0])
    if panel is None:
        assert (canvas == before).all()
        return None
    left, top_row, right, bottom = panel
    assert 0 <= left < right <= canvas.shape[1]
    assert 0 <= top_row < bottom <= canvas.shape[0]
    changed = (canvas != before).any(axis=2)
    assert changed[top_row:bottom, left:right].mean() > 0.9
    changed[top_row:bottom, left:right] = False
    assert not changed.any()
    return panel


def test_it_stands_under_the_face_in_the_middle() -> None:
    panel = place(blank())
    assert panel is not None
    assert panel[1] >= FACE[3]
    assert abs((panel[0] + panel[2]) - (FACE[0] + FACE[2])) <= 1


def test_it_stands_over_the_face_and_its_name_where_there_is_no_room_below() -> None:
    panel = place(blank(height=240), top=20)
    assert panel is not None
    assert panel[3] <= FACE[1] - 20


def test_it_covers_the_foot_of_a_face_that_fills_the_picture() -> None:
    panel = place(blank(height=240), (200, 10, 300, 235))
    assert panel is not None
    assert panel[3] == 240
    assert panel[1] > 150


def test_it_covers_neither_another_face_nor_other_panels() -> None:
    neighbour = (310, 200, 420, 320)
    panel = place(blank(), taken=(neighbour,))
    assert panel is not None
    assert not overlap(panel, neighbour)
    assert panel[1] >= FACE[3], "it moves aside first"
    below, above = (0, 221, 640, 480), (0, 0, 640, 99)
    assert place(blank(), taken=(below, above)) is None


def test_rows_below_the_floor_are_left_alone() -> None:
    canvas = blank(height=240)
    panel = draw_remark(canvas, Remark(SENTENCE), (200, 10, 300, 235), 0.8, taken=[], top=0, bottom=0, floor=210)
    assert panel is not None
    assert panel[3] == 210


def test_a_stale_one_says_so_in_words_and_is_not_white() -> None:
    fresh, stale = blank(), blank()
    assert place(fresh) != place(stale, stale=True)
    assert fresh.max() == 255
    assert 90 < stale.max() <= STALE_COLOUR[0]


def test_nothing_to_say_is_nothing_drawn() -> None:
    assert place(blank(), text="") is None
    assert place(blank(), text=" \n ") is None


@pytest.mark.parametrize("face", [(-50, -50, 20, 20), (600, 440, 900, 900), (5, 5, 5, 5), (-32000, 0, 32000, 1)])
@pytest.mark.parametrize("size", [(640, 480), (33, 17), (1, 1)])
def test_faces_over_the_border_and_tiny_pictures_do_not_break(face: Box, size: tuple[int, int]) -> None:
    canvas = blank(*size)
    panel = draw_remark(canvas, Remark(SENTENCE), face, 0.5, taken=[face], top=10, bottom=0, floor=size[1])
    assert panel is None or (0 <= panel[0] < panel[2] <= size[0] and 0 <= panel[1] < panel[3] <= size[1])


def test_lines_fit_and_hold_every_word() -> None:
    lines = wrap(SENTENCE, 300, 0.6)
    assert 1 < len(lines) <= MAX_LINES
    assert " ".join(lines) == SENTENCE
    assert all(width_of(line, 0.6) <= 300 for line in lines)


def test_a_long_text_is_cut_with_dots() -> None:
    lines = wrap(SENTENCE * 10, 200, 0.6)
    assert len(lines) == MAX_LINES
    assert lines[-1].endswith("...")
    assert all(width_of(line, 0.6) <= 200 for line in lines)


def test_of_words_that_go_on_the_end_is_shown() -> None:
    text = " ".join(str(number) for number in range(200))
    lines = wrap(text, 200, 0.6, from_end=True)
    assert len(lines) == MAX_LINES
    assert text.endswith(" ".join(lines))
    assert wrap(SENTENCE, 300, 0.6, from_end=True) == wrap(SENTENCE, 300, 0.6)


def test_an_open_one_says_that_more_is_to_come() -> None:
    canvases = [blank(), blank()]
    for canvas, is_open in zip(canvases, (False, True), strict=True):
        remark = Remark("The face", is_open=is_open)
        assert draw_remark(canvas, remark, FACE, 0.8, taken=[FACE], top=20, bottom=0, floor=canvas.shape[0])
    assert (canvases[0] != canvases[1]).any()


def test_a_word_that_is_too_long_is_cut() -> None:
    (line,) = wrap("x" * 300, 100, 0.6)
    assert line.endswith("...")
    assert width_of(line, 0.6) <= 100


def test_only_letters_that_can_be_drawn_are_left() -> None:
    assert plain("Überrascht\u2014naïve\t\x1b[2J \u7b11") == "Uberrascht?naive ?[2J ?"
