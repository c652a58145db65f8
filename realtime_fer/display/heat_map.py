"""Lay a map of [0, 1] over a square of a picture, as warmth: nothing where it is 0, full colour where it is 1."""

from __future__ import annotations

import cv2
import numpy as np

from realtime_fer.errors import ShapeError
from realtime_fer.types import FloatArray, ImageBgr

STRENGTH = 0.6
"""How much of the picture the brightest place hides."""


def draw_heat_map(canvas: ImageBgr, heat: FloatArray, left: int, top: int, side: int, *, strength: float = STRENGTH) -> None:
    """Draw on `canvas`, in place.

    Args:
        canvas: uint8, shape (H, W, 3), BGR.
        heat: float32, shape (S, S), in [0, 1]; stretched over the square.
        left, top, side: the square in pixels of the canvas; may reach over its border.
        strength: in [0, 1], how much of the picture is hidden where `heat` is 1.

    Raises:
        ShapeError: `heat` is not a square map.
    """
    if heat.ndim != 2 or heat.shape[0] != heat.shape[1]:
        raise ShapeError(f"heat map: expected shape (S, S), found {heat.shape}")
    height, width = canvas.shape[:2]
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if x0 >= x1 or y0 >= y1:
        return
    # Only what lies inside is made: a square far larger than the picture then costs no memory.
    scale = heat.shape[0] / side
    across = (np.arange(x0, x1, dtype=np.float32) + 0.5 - left) * scale - 0.5
    down = (np.arange(y0, y1, dtype=np.float32) + 0.5 - top) * scale - 0.5
    grid_x, grid_y = np.meshgrid(across, down)
    clean = np.nan_to_num(np.ascontiguousarray(heat, np.float32)).clip(0, 1)
    shown = cv2.remap(clean, grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    colours = cv2.applyColorMap((255 * shown).astype(np.uint8), cv2.COLORMAP_INFERNO)
    part = canvas[y0:y1, x0:x1]
    share = (strength * shown)[..., None]
    part[...] = np.rint(part * (1 - share) + colours * share).astype(np.uint8)
