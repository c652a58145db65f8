"""A sentence under a face: what was said about it, wrapped, where there is room."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from realtime_fer.display.canvas import Box, darken, overlap, width_of, write
from realtime_fer.types import ImageBgr

MAX_LINES = 3
"""Longer sentences are cut: the picture is not for reading."""

MIN_WIDTH = 260
"""Of a panel at scale 1, pixels; wider under a wide face."""

TEXT_SCALE = 0.75
"""Of the names of faces."""

FRESH_COLOUR = (255, 255, 255)
STALE_COLOUR = (175, 175, 175)
STALE_PREFIX = "earlier: "
"""In words, too: grey alone is not seen on every screen, nor by everyone."""
OPEN_SUFFIX = " ..."
"""Of words that go on."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Words about one face.

    Attributes:
        text: one sentence.
        stale: it was said about an earlier look of the face.
        is_open: more of it is to come; where there is no room for all, its end is shown rather than its beginning.
    """

    text: str
    stale: bool = False
    is_open: bool = False


def draw_remark(
    canvas: ImageBgr, remark: Remark, face: Box, scale: float, *, taken: Sequence[Box], top: int, bottom: int, floor: int
) -> Box | None:
    """Write a remark under its face, else over it, else at the foot of the picture over the face's own lower part.

    Args:
        canvas: drawn on in place.
        face: its box.
        taken: what must not be covered; the face itself is, where nothing else is left.
        top: pixels above `face` that its name takes.
        bottom: the same below.
        floor: rows of the canvas that may be used.

    Returns:
        Where it stands; None where there is no room.
    """
    height, width = min(canvas.shape[0], floor), canvas.shape[1]
    size, pad = scale * TEXT_SCALE, round(4 * scale)
    panel_width = min(width, max(round(MIN_WIDTH * scale), face[2] - face[0]))
    words = (STALE_PREFIX if remark.stale else "") + remark.text + (OPEN_SUFFIX if remark.is_open else "")
    lines = wrap(words, panel_width - 2 * pad, size, from_end=remark.is_open)
    if not lines:
        return None
    panel_width = min(panel_width, max(width_of(line, size) for line in lines) + 2 * pad)
    row = round(20 * size)
    panel_height = len(lines) * row + pad
    for place in _places(face, panel_width, panel_height, gap=pad, top=top, bottom=bottom, foot=height):
        left = min(max(0, place[0]), width - panel_width)
        panel = (left, place[1], left + panel_width, place[1] + panel_height)
        others = taken if place[1] >= face[3] or panel[3] <= face[1] else [box for box in taken if box != face]
        if panel[1] >= 0 and panel[3] <= height and not any(overlap(panel, box) for box in others):
            part = darken(canvas, panel)
            for number, line in enumerate(lines, 1):
                write(part, line, (pad, number * row - round(5 * size)), size, STALE_COLOUR if remark.stale else FRESH_COLOUR)
            return panel
    return None


def wrap(text: str, width: int, scale: float, *, from_end: bool = False) -> list[str]:
    """Lines of words that fit into `width` pixels, at most `MAX_LINES`; a cut text ends with dots.

    Args:
        from_end: keep the last lines rather than the first, as under a film.
    """
    lines: list[str] = []
    words = plain(text).split()
    while words and (from_end or len(lines) < MAX_LINES):
        line = words.pop(0)
        while words and width_of(f"{line} {words[0]}", scale) <= width:
            line += f" {words.pop(0)}"
        lines.append(_cut(line, width, scale))
    if from_end:
        return lines[-MAX_LINES:]
    if words:
        lines[-1] = _cut(lines[-1] + " ...", width, scale)
    return lines


def plain(text: str) -> str:
    """Only letters that OpenCV can draw: accents are dropped, what remains strange is a question mark."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(
        letter if " " <= letter <= "~" else " " if letter.isspace() else "?"
        for letter in decomposed
        if not unicodedata.combining(letter)
    )


def _cut(line: str, width: int, scale: float) -> str:
    """A line that fits, its end replaced by dots where it has to be."""
    if width_of(line, scale) <= width:
        return line
    kept = line.removesuffix(" ...")
    while kept and width_of(f"{kept}...", scale) > width:
        kept = kept[:-1].rstrip()
    return f"{kept}..." if kept else ""


def _places(face: Box, width: int, height: int, *, gap: int, top: int, bottom: int, foot: int) -> Iterator[tuple[int, int]]:
    """Left and top of a panel, best first."""
    x0, y0, x1, y1 = face
    under = y1 + bottom + gap
    # The bars beside a small face reach a little below it: half a panel lower is still under the face.
    for row in (under, under + height // 2, y0 - top - gap - height):
        for left in ((x0 + x1 - width) // 2, x0, x1 - width):
            yield left, row
    yield (x0 + x1 - width) // 2, foot - height
