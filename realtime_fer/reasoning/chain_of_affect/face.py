"""The part of a question's picture that a model is shown."""

from __future__ import annotations

import math

import numpy as np

from realtime_fer.reasoning.keyframes.keyframe import ImageRgb


def cut_face(crop_rgb: ImageRgb, face_xyxy: tuple[float, float, float, float], margin: float) -> ImageRgb:
    """Cut the face out of its surroundings, for a model that learnt another margin.

    Args:
        crop_rgb: uint8 (H, W, 3).
        face_xyxy: the face's box in its pixels; may reach over the border.
        margin: added on each side, as a share of that side of the box; 0 is the box itself, as the published prototype cut it.

    Returns:
        uint8 (h, w, 3), clipped at the border; `crop_rgb` itself where nothing of the box lies inside it.
    """
    height, width = crop_rgb.shape[:2]
    x0, y0, x1, y1 = face_xyxy
    more_x, more_y = margin * (x1 - x0), margin * (y1 - y0)
    left, top = max(0, math.floor(x0 - more_x)), max(0, math.floor(y0 - more_y))
    right, bottom = min(width, math.ceil(x1 + more_x)), min(height, math.ceil(y1 + more_y))
    if right <= left or bottom <= top:
        return crop_rgb
    return np.ascontiguousarray(crop_rgb[top:bottom, left:right])
