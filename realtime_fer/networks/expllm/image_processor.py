"""A face crop to the picture ExpLLM was trained on, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.expllm.config import INPUT_PX

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("ExpLLM", "vlm", error) from error

ImageRgb = npt.NDArray[np.uint8]
"""uint8, shape (H, W, 3), red-green-blue."""

BAR_RGB: Final = (123, 117, 104)
"""Fills a picture up to a square: about the mean of natural pictures."""

MEAN_RGB: Final = (0.48145466, 0.4578275, 0.40821073)
STD_RGB: Final = (0.26862954, 0.26130258, 0.27577711)
"""CLIP's, as shares of full brightness, although the encoder is DINOv2: so it was trained."""


class Offset(NamedTuple):
    """Where the picture begins on its square, pixels of the picture."""

    x: int
    y: int


def square(picture: ImageRgb) -> tuple[ImageRgb, Offset]:
    """The picture in the middle of a square with bars.

    Args:
        picture: uint8 (H, W, 3), RGB.

    Returns:
        uint8 (S, S, 3) with S = max(H, W), and where the picture begins.

    Raises:
        ShapeError: `picture` is not uint8 (H, W, 3).
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or 0 in picture.shape:
        raise ShapeError(f"picture: expected uint8 RGB of shape (H, W, 3), found {picture.dtype} of shape {picture.shape}")
    height, width = picture.shape[:2]
    side = max(height, width)
    offset = Offset((side - width) // 2, (side - height) // 2)
    if height == width:
        return picture, offset
    padded = np.empty((side, side, 3), np.uint8)
    padded[:] = BAR_RGB
    padded[offset.y : offset.y + height, offset.x : offset.x + width] = picture
    return padded, offset


def resized(picture: ImageRgb) -> ImageRgb:
    """The squared picture at the network's size: uint8 (224, 224, 3).

    OpenCV's bilinear, which does not smooth when it shrinks; PIL's does, and differs by up to 35 levels.

    Raises:
        ShapeError: `picture` is not uint8 (H, W, 3).
    """
    padded, _ = square(picture)
    return np.asarray(cv2.resize(padded, (INPUT_PX, INPUT_PX)), np.uint8)


def pixel_values(pictures: Sequence[ImageRgb]) -> Tensor:
    """What the network takes.

    Args:
        pictures: B >= 1 pictures, uint8 (H, W, 3), RGB, any sizes.

    Returns:
        float32, shape (B, 3, 224, 224), normalised.

    Raises:
        ShapeError: there is no picture, or one is not uint8 (H, W, 3).
    """
    if not pictures:
        raise ShapeError("pictures: expected at least one, found none")
    pixels = torch.from_numpy(np.stack([resized(picture) for picture in pictures])).permute(0, 3, 1, 2).to(torch.float32) / 255
    normal: Tensor = (pixels - torch.tensor(MEAN_RGB)[:, None, None]) / torch.tensor(STD_RGB)[:, None, None]
    return normal.contiguous()
