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
BAR_FACES_LIMIT = 6
"""With more faces the bars would hide the picture; labels stay."""


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
    scale = float(np.clip(min(canvas.shape[:2]) / 720, 0.4, 2.0))
    for face in result.faces:
        _draw_face(canvas, face, scale, bars=len(result.faces) <= BAR_FACES_LIMIT)
    if status:
        _text(canvas, status, (int(8 * scale), canvas.shape[0] - int(10 * scale)), scale * 0.8, (255, 255, 255))
    return canvas


def _draw_face(canvas: ImageBgr, face: TrackedExpression, scale: float, *, bars: bool) -> None:
    x0, y0, x1, y1 = (int(value) for value in np.nan_to_num(face.track.bbox_xyxy).clip(-32000, 32000))
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
    if bars and face.expression is not None:
        _bars(canvas, face.expression, (x1 + int(6 * scale), y0), scale)


def _corners(canvas: ImageBgr, box: tuple[int, int, int, int], colour: tuple[int, int, int], thickness: int) -> None:
    """Only the corners: the box is the tracker's guess, the detector did not see the face here."""
    x0, y0, x1, y1 = box
    dx, dy = (x1 - x0) // 4, (y1 - y0) // 4
    for x, y, sx, sy in ((x0, y0, 1, 1), (x1, y0, -1, 1), (x0, y1, 1, -1), (x1, y1, -1, -1)):
        cv2.line(canvas, (x, y), (x + sx * dx, y), colour, thickness)
        cv2.line(canvas, (x, y), (x, y + sy * dy), colour, thickness)


def _bars(canvas: ImageBgr, expression: ExpressionEstimate, origin: tuple[int, int], scale: float) -> None:
    height, length = int(13 * scale), int(70 * scale)
    x, y = origin
    if x + length > canvas.shape[1]:
        return
    for row, name in enumerate(expression.labels):
        p = float(expression.probabilities[expression.labels.index(name)])
        top = y + row * (height + 2)
        colour = LABEL_COLOURS.get(name, LABEL_COLOURS["unknown"])
        cv2.rectangle(canvas, (x, top), (x + int(length * p), top + height), colour, -1)
        _text(canvas, name, (x + 2, top + height - int(3 * scale)), scale * 0.55, (255, 255, 255))


def _text(canvas: ImageBgr, words: str, at: tuple[int, int], scale: float, colour: tuple[int, int, int]) -> None:
    size, weight = 0.6 * scale, max(1, round(1.3 * scale))
    cv2.putText(canvas, words, at, FONT, size, (0, 0, 0), weight + 2, cv2.LINE_AA)
    cv2.putText(canvas, words, at, FONT, size, colour, weight, cv2.LINE_AA)
