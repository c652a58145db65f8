"""Cut a square face from the clean frame, as the classifier was trained to see it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.types import FloatArray, ImageBgr

FaceCrop = npt.NDArray[np.uint8]
"""uint8, shape (S, S) grey or (S, S, 3) RGB."""

EVEN_FROM_PX = 64
"""From here on one pixel more is less than any detector's error."""

HALVED_FROM_TIMES = 4
"""Faces so many times larger than the crop, or more, are halved first. Nearer to the crop's size that would blur: a face of
100 pixels halved to 50 and then brought to 48 is a mean of means."""

MIN_VISIBLE_PX = 1
"""A crop needs at least this many pixels of the frame in each direction; otherwise there is no face to see."""


def square_window(bbox_xyxy: FloatArray, margin: float) -> tuple[int, int, int]:
    """The square around a box: left, top and side in whole pixels; may reach over the frame's border.

    The side is the box's longer side times (1 + 2 * margin), at least one pixel, with the box's centre; large sides are
    even, so that they can be halved.
    """
    x0, y0, x1, y1 = (float(value) for value in bbox_xyxy)
    side = max(1, round(max(x1 - x0, y1 - y0) * (1 + 2 * margin)))
    if side >= EVEN_FROM_PX:
        side += side % 2
    return round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2), side


def cut_face(image_bgr: ImageBgr, bbox_xyxy: FloatArray, *, size_px: int, margin: float, grey: bool) -> FaceCrop | None:
    """Cut, square and resize one face.

    The window is clipped at the frame's border and what is missing is filled by repeating the border, so that the
    face keeps its proportions. The frame is only read.

    Args:
        image_bgr: uint8, shape (H, W, 3), as captured.
        bbox_xyxy: float32, shape (4,), pixels of that frame.
        size_px: side of the result.
        margin: added on each side, as a share of the box's longer side.
        grey: True gives shape (size_px, size_px); False gives RGB of shape (size_px, size_px, 3).

    Returns:
        The crop, or None where the window does not touch the frame (or the box is not finite).
    """
    if not np.isfinite(bbox_xyxy).all():
        return None
    height, width = image_bgr.shape[:2]
    left, top, side = square_window(bbox_xyxy, margin)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if x1 - x0 < MIN_VISIBLE_PX or y1 - y0 < MIN_VISIBLE_PX:
        return None
    inside: cv2.typing.MatLike = image_bgr[y0:y1, x0:x1]
    # Colour first: one plane to resize instead of three.
    inside = cv2.cvtColor(inside, cv2.COLOR_BGR2GRAY if grey else cv2.COLOR_BGR2RGB)
    if (x1 - x0, y1 - y0) != (side, side):
        # Resized before the border is filled: a window far larger than the frame then costs no memory.
        scale = size_px / side
        px0, py0 = round((x0 - left) * scale), round((y0 - top) * scale)
        px1 = max(px0 + 1, round((x1 - left) * scale))
        py1 = max(py0 + 1, round((y1 - top) * scale))
        px0, py0, px1, py1 = min(px0, size_px - 1), min(py0, size_px - 1), min(px1, size_px), min(py1, size_px)
        part = _resize(inside, px1 - px0, py1 - py0)
        filled = cv2.copyMakeBorder(part, py0, size_px - py1, px0, size_px - px1, cv2.BORDER_REPLICATE)
        return np.asarray(filled, np.uint8)
    return np.asarray(_resize(inside, size_px, size_px), np.uint8)


def _resize(image: cv2.typing.MatLike, width: int, height: int) -> cv2.typing.MatLike:
    """Averaging keeps what a large face shows; INTER_LINEAR would pick pixels and drop the rest.

    Halving large faces first is nearly the same averaging, several times faster: OpenCV has a fast path for whole factors.
    """
    while image.shape[0] >= HALVED_FROM_TIMES * height and image.shape[1] >= HALVED_FROM_TIMES * width:
        even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
        image = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)
    if image.shape[:2] == (height, width):
        return image
    shrinks = image.shape[0] > height or image.shape[1] > width
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
