"""Any picture a camera or file may hold, as the one form the rest of the service knows."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ShapeError
from realtime_fer.types import ImageBgr

FLOAT_TOLERANCE = 1e-3
"""How far above 1 or below 0 a float picture may reach (rounding of a resize) and still count as being in [0, 1]."""


def to_bgr(image: npt.NDArray[Any], what: str = "picture") -> ImageBgr:
    """Convert grey, BGR or BGRA of 8 bits, 16 bits, bool or float to 8-bit BGR.

    16-bit values are scaled from [0, 65535], floats from [0, 1]. Alpha is dropped, as OpenCV's own reading does.
    An image that already is contiguous uint8 BGR is returned as it is, not copied.

    Args:
        image: shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), at least one pixel.
        what: the picture's name, for the message.

    Returns:
        uint8, shape (H, W, 3), contiguous.

    Raises:
        ShapeError: another shape or type, no pixel, or floats outside [0, 1].
    """
    if image.ndim not in (2, 3) or 0 in image.shape or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        raise ShapeError(
            f"{what}: expected a grey, BGR or BGRA picture of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), "
            f"found shape {image.shape}"
        )
    eight_bit: ImageBgr = np.ascontiguousarray(_to_eight_bit(image, what))
    if eight_bit.ndim == 2 or eight_bit.shape[2] == 1:
        return np.asarray(cv2.cvtColor(eight_bit, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    if eight_bit.shape[2] == 4:
        return np.asarray(cv2.cvtColor(eight_bit, cv2.COLOR_BGRA2BGR), dtype=np.uint8)
    return eight_bit


def _to_eight_bit(image: npt.NDArray[Any], what: str) -> npt.NDArray[np.uint8]:
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.bool_:
        return image.astype(np.uint8) * np.uint8(255)
    if image.dtype == np.uint16:
        return ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 257 = 65535 / 255
    if np.issubdtype(image.dtype, np.floating):
        low, high = float(image.min()), float(image.max())
        if not (low >= -FLOAT_TOLERANCE and high <= 1 + FLOAT_TOLERANCE):  # also refuses nan
            raise ShapeError(f"{what}: expected float values in [0, 1], found {low:g} to {high:g}; scale the picture first")
        scaled: npt.NDArray[np.uint8] = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
        return scaled
    raise ShapeError(f"{what}: expected uint8, uint16, bool or float pixels, found {image.dtype}")
