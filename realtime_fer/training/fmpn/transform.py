"""How a picture becomes what FMPN trains on: shorter side to 320, a crop of 299, perhaps mirrored, in [0, 1].

Colour face, grey face and mask of one sample are always cut alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import missing_extra
from realtime_fer.types import FloatArray

try:
    from PIL import Image
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error

LOADED_PX = 320
CROPPED_PX = 299
"""Published sizes; others keep their proportion."""

CENTRE = 4
CROPS = 5
MIRRORED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class View:
    """Which part of the picture: crop 0 top left, 1 top right, 2 bottom left, 3 bottom right, 4 centre; then mirrored."""

    crop: int = CENTRE
    mirrored: bool = False


def random_view(rng: np.random.Generator) -> View:
    """One of five crops, mirrored half of the time: the published augmentation."""
    return View(int(rng.integers(CROPS)), bool(rng.random() < MIRRORED_SHARE))


def loaded_size(size_px: int) -> int:
    """The shorter side a picture is resized to before a crop of `size_px`: 320 for 299."""
    return round(size_px * LOADED_PX / CROPPED_PX)


def shown(picture: Any, view: View, size_px: int = CROPPED_PX) -> FloatArray:
    """The part of a Pillow picture that `view` shows, float32 (channels, S, S) in [0, 1], not standardised.

    Args:
        picture: mode "RGB" (3 channels) or "L" (1).
    """
    width, height = picture.size
    side = loaded_size(size_px)
    if width <= height:
        width, height = side, int(side * height / width)
    else:
        width, height = int(side * width / height), side
    pixels: npt.NDArray[np.uint8] = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
    if view.crop == CENTRE:
        top, left = round((height - size_px) / 2), round((width - size_px) / 2)
    else:
        top = height - size_px if view.crop in (2, 3) else 0
        left = width - size_px if view.crop in (1, 3) else 0
    part = pixels[top : top + size_px, left : left + size_px]
    if view.mirrored:
        part = part[:, ::-1]
    planes = part[None] if part.ndim == 2 else part.transpose(2, 0, 1)
    return np.ascontiguousarray(planes, np.float32) / np.float32(255)
