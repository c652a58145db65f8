"""What the networks want to be shown: RGB, resized as Pillow does it, normalised by ImageNet's mean and deviation."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ShapeError

MEAN_RGB: Final = (0.485, 0.456, 0.406)
STD_RGB: Final = (0.229, 0.224, 0.225)
"""Shares of full brightness."""

_FIXED_POINT_BITS = 22
"""Pillow computes 8-bit pictures with weights in multiples of 2^-22; the same here gives the same bytes."""

ImageRgb = npt.NDArray[np.uint8]


def resize_shorter_side(image: ImageRgb, size_px: int) -> ImageRgb:
    """The picture with its shorter side `size_px` long and the other in proportion, rounded down; uint8 (H, W, 3).

    Byte for byte what Pillow's bilinear resize gives, which averages where it shrinks.

    Raises:
        ShapeError: the picture is not uint8 (H, W, 3), or empty.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ShapeError(f"picture: expected uint8 RGB of shape (H, W, 3), found {image.dtype} of shape {image.shape}")
    height, width = image.shape[:2]
    shorter = min(height, width)
    wanted = (size_px * height // shorter, size_px * width // shorter)
    across = _apply(_triangle_weights(width, wanted[1]), image.transpose(1, 0, 2))
    return _apply(_triangle_weights(height, wanted[0]), across.transpose(1, 0, 2))


def network_input(face_rgb: ImageRgb, size_px: int) -> npt.NDArray[np.float32]:
    """A cut face as the networks take it: float32 (3, S, S), normalised; (3, H, W) where the cut is not square.

    Raises:
        ShapeError: see `resize_shorter_side`.
    """
    planes = resize_shorter_side(face_rgb, size_px).transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (MEAN_RGB, STD_RGB))
    return np.ascontiguousarray((planes - mean) / std, np.float32)


def _triangle_weights(length_in: int, length_out: int) -> npt.NDArray[np.float64]:
    """What each sample of a line takes from each old one, in multiples of 2^-22: (out, in), whole numbers."""
    scale = length_in / length_out
    reach = max(scale, 1.0)
    centres = (np.arange(length_out) + 0.5) * scale
    weights = np.maximum(0, 1 - np.abs((np.arange(length_in)[None] + 0.5 - centres[:, None]) / reach))
    weights /= weights.sum(axis=1, keepdims=True)
    return np.floor(weights * (1 << _FIXED_POINT_BITS) + 0.5)


def _apply(weights: npt.NDArray[np.float64], lines: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(out, in) on (in, X, 3) -> (out, X, 3). Products and sums are whole numbers below 2^53: exact in float64."""
    mixed = np.tensordot(weights, lines.astype(np.float64), axes=1)
    rounded = np.floor((mixed + (1 << (_FIXED_POINT_BITS - 1))) / (1 << _FIXED_POINT_BITS))
    return rounded.clip(0, 255).astype(np.uint8)
