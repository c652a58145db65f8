"""Draw results on a copy of their own frame."""

from __future__ import annotations

import cv2
import numpy as np

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
FONT = cv2.FONT_HERSHEY_SIMPLEX

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


def draw(result: FrameResult, status: str = "") -> ImageBgr:
    """The frame with its faces, labels and probabilities drawn in; the frame itself stays clean.

    Args:
        result: what to show.
        status: a line for the lower left corner.

    Returns:
        uint8 BGR of the frame's shape.
    """
    canvas = result.frame.image_bgr.copy()
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
    # Boxes and names come last: no panel may cover them.
    for face, box in zip(result.faces, boxes, strict=True):
        _draw_face(canvas, face, box, scale)
    if status:
        _text(canvas, status, (int(8 * scale), canvas.shape[0] - int(10 * scale)), scale * 0.8, (255, 255, 255))
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
    above = y0 - int(6 * scale)
    _text(canvas, words, (x0, above if above > int(16 * scale) else y1 + int(20 * scale)), scale, colour)


def _corners(canvas: ImageBgr, box: Box, colour: tuple[int, int, int], thickness: int) -> None:
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
        if inside and not any(_overlap(panel, other) for other in taken):
            return panel
    return None


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _bars(canvas: ImageBgr, expression: ExpressionEstimate, where: Box, scale: float) -> None:
    """Every class's probability."""
    left, top, right, bottom = where
    row_height, width, pad = round(17 * scale), right - left, round(4 * scale)
    panel = canvas[top:bottom, left:right]
    panel[:] = panel // 3
    for row, name in enumerate(expression.labels):
        p = float(expression.probabilities[row])
        y = pad + row * row_height
        colour = LABEL_COLOURS.get(name, LABEL_COLOURS["unknown"])
        cv2.rectangle(panel, (pad, y + 1), (pad + round((width - 2 * pad) * p), y + row_height - 2), colour, -1)
        _text(panel, name, (2 * pad, y + row_height - round(5 * scale)), scale * 0.7, (255, 255, 255))
        _text(
            panel,
            f"{100 * p:.0f}",
            (width - round(32 * scale), y + row_height - round(5 * scale)),
            scale * 0.7,
            (255, 255, 255),
        )


def _text(canvas: ImageBgr, words: str, at: tuple[int, int], scale: float, colour: tuple[int, int, int]) -> None:
    size, weight = 0.6 * scale, max(1, round(1.3 * scale))
    cv2.putText(canvas, words, at, FONT, size, (0, 0, 0), weight + 2, cv2.LINE_AA)
    cv2.putText(canvas, words, at, FONT, size, colour, weight, cv2.LINE_AA)
