"""The picture kept for a question: the clean face with a margin, copied out of the frame."""

from __future__ import annotations

import math

import cv2
import numpy as np

from realtime_fer.reasoning.keyframes.keyframe import ImageRgb
from realtime_fer.types import FloatArray, ImageBgr

FaceBox = tuple[float, float, float, float]


def copy_face(image_bgr: ImageBgr, bbox_xyxy: FloatArray, *, margin: float) -> tuple[ImageBgr, FaceBox] | None:
    """Copy a face and its surroundings.

    The window is a square around the box, its longer side times (1 + 2 * margin), clipped at the frame's border: a reasoner
    sees real pixels only.

    Args:
        image_bgr: uint8, shape (H, W, 3), as captured; only read.
        bbox_xyxy: float32, shape (4,), pixels of that frame.
        margin: added on each side, as a share of the box's longer side.

    Returns:
        The copy, uint8 BGR, and the face's box in its pixels; None where the box is not finite or not on the frame.
    """
    x0, y0, x1, y1 = (float(value) for value in bbox_xyxy)
    if not (math.isfinite(x0 + y0 + x1 + y1) and x1 > x0 and y1 > y0):
        return None
    height, width = image_bgr.shape[:2]
    half = max(x1 - x0, y1 - y0) * (0.5 + margin)
    centre_x, centre_y = (x0 + x1) / 2, (y0 + y1) / 2
    left, top = max(0, math.floor(centre_x - half)), max(0, math.floor(centre_y - half))
    right, bottom = min(width, math.ceil(centre_x + half)), min(height, math.ceil(centre_y + half))
    if right <= left or bottom <= top:
        return None
    crop = image_bgr[top:bottom, left:right].copy()
    return crop, (x0 - left, y0 - top, x1 - left, y1 - top)


def as_question_picture(crop_bgr: ImageBgr, face_xyxy: FaceBox, *, max_side_px: int) -> tuple[ImageRgb, FaceBox]:
    """A copied face as reasoners get it: RGB, read-only, and not larger than they could use.

    Args:
        crop_bgr: uint8, shape (H, W, 3).
        face_xyxy: the face's box in pixels of `crop_bgr`.
        max_side_px: a larger crop is shrunk to this long side.

    Returns:
        uint8 RGB, and the box in its pixels.
    """
    height, width = crop_bgr.shape[:2]
    scale = min(1.0, max_side_px / max(height, width))
    picture: cv2.typing.MatLike = crop_bgr
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    rgb = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
    rgb.setflags(write=False)
    scale_x, scale_y = rgb.shape[1] / width, rgb.shape[0] / height
    x0, y0, x1, y1 = face_xyxy
    return rgb, (x0 * scale_x, y0 * scale_y, x1 * scale_x, y1 * scale_y)
