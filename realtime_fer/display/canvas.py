"""Boxes and words on a picture."""

from __future__ import annotations

import cv2

from realtime_fer.types import ImageBgr

FONT = cv2.FONT_HERSHEY_SIMPLEX
FONT_SIZE = 0.6
"""At scale 1: capitals 13 pixels high."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom exclusive."""

Colour = tuple[int, int, int]
"""Blue, green, red."""


def overlap(a: Box, b: Box) -> bool:
    """Whether two boxes share a pixel."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def darken(canvas: ImageBgr, box: Box) -> ImageBgr:
    """Make a panel for words of a part of the canvas; that part."""
    left, top, right, bottom = box
    panel = canvas[top:bottom, left:right]
    panel[:] = panel // 3
    return panel


def write(canvas: ImageBgr, words: str, at: tuple[int, int], scale: float, colour: Colour) -> None:
    """Words with a dark rim, their base line beginning at `at`."""
    size, weight = FONT_SIZE * scale, _weight(scale)
    cv2.putText(canvas, words, at, FONT, size, (0, 0, 0), weight + 2, cv2.LINE_AA)
    cv2.putText(canvas, words, at, FONT, size, colour, weight, cv2.LINE_AA)


def width_of(words: str, scale: float) -> int:
    """Of written words, pixels."""
    (width, _), _ = cv2.getTextSize(words, FONT, FONT_SIZE * scale, _weight(scale))
    return width


def _weight(scale: float) -> int:
    return max(1, round(1.3 * scale))
