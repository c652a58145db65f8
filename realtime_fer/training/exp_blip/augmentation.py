"""How Exp-BLIP's training changes a picture before the network sees it: a crop, a flip, and two operations, all at random.

Source: the training processor of Yujianyuan/Exp-BLIP and LAVIS' random augmentation. Of each two operations, drawn with
repetition, each is done half the time, at level 5 of 10. Brightness and sharpness come to a factor of 1 at that level,
which changes nothing: they are in the list because they take the place of another.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from realtime_fer.errors import missing_extra
from realtime_fer.networks.exp_blip.preprocessing import ImageRgb
from realtime_fer.training.vlm.crop import random_crop

try:
    from PIL import Image, ImageOps
except ImportError as error:
    raise missing_extra("training Exp-BLIP", "vlm", error) from error

CROP_SCALE: Final = (0.8, 1.0)
OPERATIONS: Final = ("identity", "brightness", "sharpness", "equalize", "shear_x", "shear_y", "translate_x", "translate_y")
DRAWN: Final = 2
LEVEL: Final = 5 / 10
SHEAR: Final = 0.3 * LEVEL
TRANSLATE_PX: Final = 10 * LEVEL
FILL_RGB: Final = (128, 128, 128)

_HALF: Final = 0.5
_Matrix = tuple[float, float, float, float, float, float]


def augmented(picture: ImageRgb, side_px: int, chance: np.random.Generator) -> ImageRgb:
    """A picture at the network's size, changed at random.

    Args:
        picture: uint8 (H, W, 3), RGB, any size.
        side_px: of the result.
        chance: decides everything.

    Returns:
        uint8 (side_px, side_px, 3).
    """
    height, width = picture.shape[:2]
    crop = random_crop(chance, height, width, CROP_SCALE)
    box = (crop.left, crop.top, crop.left + crop.width, crop.top + crop.height)
    image = Image.fromarray(picture).crop(box).resize((side_px, side_px), Image.Resampling.BICUBIC)
    if chance.random() < _HALF:
        image = ImageOps.mirror(image)
    for name in chance.choice(OPERATIONS, DRAWN):
        if chance.random() < _HALF:
            sign = 1 if chance.random() < _HALF else -1
            image = operation(str(name), image, sign)
    return np.asarray(image)


def operation(name: str, image: Image.Image, sign: int) -> Image.Image:
    """One of `OPERATIONS`, towards one side or the other."""
    if name == "equalize":
        return ImageOps.equalize(image)
    matrix: dict[str, _Matrix] = {
        "shear_x": (1, sign * SHEAR, 0, 0, 1, 0),
        "shear_y": (1, 0, 0, sign * SHEAR, 1, 0),
        "translate_x": (1, 0, sign * TRANSLATE_PX, 0, 1, 0),
        "translate_y": (1, 0, 0, 0, 1, sign * TRANSLATE_PX),
    }
    if name not in matrix:
        return image
    return image.transform(
        image.size, Image.Transform.AFFINE, matrix[name], resample=Image.Resampling.BILINEAR, fillcolor=FILL_RGB
    )
