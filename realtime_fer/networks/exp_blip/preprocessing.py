"""A face to the pixels that Exp-BLIP sees: scaled without regard to its shape, then normalised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.exp_blip.sizes import PUBLISHED

try:
    import torch
    from PIL import Image
    from torch import Tensor
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error

ImageRgb = npt.NDArray[np.uint8]
"""uint8, shape (H, W, 3), red-green-blue."""

MEAN_RGB: Final = (0.48145466, 0.4578275, 0.40821073)
STD_RGB: Final = (0.26862954, 0.26130258, 0.27577711)
"""Of CLIP's training pictures, as shares of full brightness."""


def scale(picture: ImageRgb, side_px: int = PUBLISHED.image_px) -> ImageRgb:
    """The picture as a square: uint8 (side_px, side_px, 3).

    Bicubic with PIL's own filter, as published; other libraries' bicubic differs by up to a tenth after normalising.

    Raises:
        ShapeError: `picture` is not uint8 (H, W, 3), or is empty.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or 0 in picture.shape:
        raise ShapeError(f"picture: expected uint8 RGB of shape (H, W, 3), found {picture.dtype} of shape {picture.shape}")
    return np.asarray(Image.fromarray(picture).resize((side_px, side_px), Image.Resampling.BICUBIC))


def normalise(picture: ImageRgb) -> Tensor:
    """uint8 (H, W, 3) -> float32 (3, H, W)."""
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1).to(torch.float32) / 255
    return (pixels - torch.tensor(MEAN_RGB)[:, None, None]) / torch.tensor(STD_RGB)[:, None, None]


def pixel_values(pictures: Sequence[ImageRgb], side_px: int = PUBLISHED.image_px) -> Tensor:
    """Pictures of any sizes, uint8 (H, W, 3), RGB -> float32 (B, 3, side_px, side_px).

    Raises:
        ShapeError: there is no picture, or one is not uint8 (H, W, 3).

    Source: evaluation image processor of LAVIS' BLIP-2, without its crop.
    """
    if not pictures:
        raise ShapeError("pictures: expected at least one, found none")
    return torch.stack([normalise(scale(picture, side_px)) for picture in pictures])
