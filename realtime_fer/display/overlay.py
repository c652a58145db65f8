"""Draw results on a copy of their own frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import cv2
import numpy as np

from realtime_fer.display.canvas import Box, Colour, darken, overlap, width_of, write
from realtime_fer.display.heat_map import draw_heat_map
from realtime_fer.display.remark import Remark, draw_remark
from realtime_fer.types import ExpressionEstimate, FrameResult, ImageBgr, TrackedExpression

# One colour a class, blue-green-red, apart from each other for most kinds of colour vision.
LABEL_COLOURS = {
    "neutral": (200, 200, 200),
    "happiness": (66, 200, 250),
    "surprise": (230, 160, 60),
    "sadness": (200, 110, 60),
    "anger": (70, 70, 230),
    "disgust": (80, 170, 90),
    "fear": (190, 90, 180),
    "contempt": (130, 130, 60),
    "unknown": (150, 150, 150),
}
NO_REMARKS: Mapping[int, Remark] = {}

NAME_ROWS = 24
"""Pixels above or below a box that its name takes, at scale 1."""


def draw(result: FrameResult, status: str = "", remarks: Mapping[int, Remark] = NO_REMARKS) -> ImageBgr:
    """The frame with its faces, labels, probabilities and remarks drawn in; the frame itself stays clean.

    Args:
        result: what to show.
        status: a line for the lower left corner.
        remarks: sentences about faces, by track_id.

    Returns:
        uint8 BGR of the frame's shape.
    """
    canvas = result.frame.image_bgr.copy()
    for face in result.faces:
        if face.motion_mask is not None:
            mask = face.motion_mask
            draw_heat_map(canvas, mask.heat, mask.left, mask.top, mask.side)
    # Readable on a 320 px webcam picture and on a 4K one.
    scale = float(np.clip(min(canvas.shape[:2]) / 600, 0.5, 2.0))
    boxes = [_whole_pixels(face) for face in result.faces]
    taken = list(boxes)
    for face, box in zip(result.faces, boxes, strict=True):
        if face.expression is not None:
            panel = _free_panel(canvas, box, len(face.expression.labels), scale, taken)
            if panel is not None:
                taken.append(panel)
                _bars(canvas, face.expression, panel, scale)
    floor = canvas.shape[0] - (round(28 * scale) if status else 0)
    for face, box in zip(result.faces, boxes, strict=True):
        remark = remarks.get(face.track.track_id)
        if remark is not None:
            rows = round(NAME_ROWS * scale)
            top, bottom = {"above": (rows, 0), "below": (0, rows), "inside": (0, 0)}[_name_place(canvas, box, scale)]
            panel = draw_remark(canvas, remark, box, scale, taken=taken, top=top, bottom=bottom, floor=floor)
            if panel is not None:
                taken.append(panel)
    # Boxes and names come last: no panel may cover them.
    for face, box in zip(result.faces, boxes, strict=True):
        _draw_face(canvas, face, box, scale)
    if status:
        write(canvas, status, (int(8 * scale), canvas.shape[0] - int(10 * scale)), scale * 0.8, (255, 255, 255))
    return canvas


def _whole_pixels(face: TrackedExpression) -> Box:
    x0, y0, x1, y1 = (int(value) for value in np.nan_to_num(face.track.bbox_xyxy).clip(-32000, 32000))
    return x0, y0, x1, y1


def _draw_face(canvas: ImageBgr, face: TrackedExpression, box: Box, scale: float) -> None:
    x0, y0, x1, y1 = box
    label = face.expression.label if face.expression is not None else "unknown"
    colour = LABEL_COLOURS.get(label, LABEL_COLOURS["unknown"])
    thickness = max(1, round(2 * scale))
    if face.track.detected:
        cv2.rectangle(canvas, (x0, y0), (x1 - 1, y1 - 1), colour, thickness)
    else:
        _corners(canvas, (x0, y0, x1 - 1, y1 - 1), colour, thickness)
    words = f"#{face.track.track_id} {label}"
    if face.expression is not None:
        words += f" {100 * float(face.expression.probabilities.max()):.0f} %"
    gap, row = int(6 * scale), int(20 * scale)
    base = {"above": y0 - gap, "below": y1 + row, "inside": max(0, y0) + row}[_name_place(canvas, box, scale)]
    # The whole name, also of a face at the edge of the picture.
    left = max(0, min(x0 + (gap if base > y0 else 0), canvas.shape[1] - width_of(words, scale)))
    write(canvas, words, (left, base), scale, colour)


def _name_place(canvas: ImageBgr, box: Box, scale: float) -> Literal["above", "below", "inside"]:
    """Where a face's name can be read: inside its box only where that fills the picture from top to bottom."""
    if box[1] - int(6 * scale) > int(16 * scale):
        return "above"
    return "below" if box[3] + round(NAME_ROWS * scale) <= canvas.shape[0] else "inside"


def _corners(canvas: ImageBgr, box: Box, colour: Colour, thickness: int) -> None:
    """Only the corners: the box is the tracker's guess, the detector did not see the face here."""
    x0, y0, x1, y1 = box
    dx, dy = (x1 - x0) // 4, (y1 - y0) // 4
    for x, y, sx, sy in ((x0, y0, 1, 1), (x1, y0, -1, 1), (x0, y1, 1, -1), (x1, y1, -1, -1)):
        cv2.line(canvas, (x, y), (x + sx * dx, y), colour, thickness)
        cv2.line(canvas, (x, y), (x, y + sy * dy), colour, thickness)


def _free_panel(canvas: ImageBgr, box: Box, rows: int, scale: float, taken: list[Box]) -> Box | None:
    """A place for the bars right or left of the face that covers no face and no other bars; None if there is none."""
    width, height = round(150 * scale), rows * round(17 * scale) + 2 * round(4 * scale)
    gap = round(4 * scale)
    top = min(max(0, box[1]), canvas.shape[0] - height)
    for left in (box[2] + gap, box[0] - gap - width):
        panel = (left, top, left + width, top + height)
        inside = left >= 0 and top >= 0 and panel[2] <= canvas.shape[1]
        if inside and not any(overlap(panel, other) for other in taken):
            return panel
    return None


def _bars(canvas: ImageBgr, expression: ExpressionEstimate, where: Box, scale: float) -> None:
    """Every class's probability."""
    row_height, width, pad = round(17 * scale), where[2] - where[0], round(4 * scale)
    panel = darken(canvas, where)
    for row, name in enumerate(expression.labels):
        p = float(expression.probabilities[row])
        y = pad + row * row_height
        colour = LABEL_COLOURS.get(name, LABEL_COLOURS["unknown"])
        cv2.rectangle(panel, (pad, y + 1), (pad + round((width - 2 * pad) * p), y + row_height - 2), colour, -1)
        write(panel, name, (2 * pad, y + row_height - round(5 * scale)), scale * 0.7, (255, 255, 255))
        write(
            panel,
            f"{100 * p:.0f}",
            (width - round(32 * scale), y + row_height - round(5 * scale)),
            scale * 0.7,
            (255, 255, 255),
        )
