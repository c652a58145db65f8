"""A random part of a picture, of nearly its own shape."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

TRIES: Final = 10
"""After so many parts that do not fit, the middle is taken."""


class Crop(NamedTuple):
    """Pixels."""

    top: int
    left: int
    height: int
    width: int


def random_crop(
    chance: np.random.Generator,
    height: int,
    width: int,
    scale: tuple[float, float],
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> Crop:
    """Draw a part.

    Args:
        chance: of it.
        height, width: of the picture, pixels.
        scale: share of its area, from and to.
        ratio: width over height, from and to; its logarithm is drawn evenly.

    Source: the rule of torchvision's RandomResizedCrop (Szegedy et al., "Going Deeper with Convolutions", CVPR 2015).
    """
    for _ in range(TRIES):
        area = height * width * chance.uniform(*scale)
        shape = math.exp(chance.uniform(math.log(ratio[0]), math.log(ratio[1])))
        wide, high = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
        if 0 < wide <= width and 0 < high <= height:
            top, left = int(chance.integers(0, height - high + 1)), int(chance.integers(0, width - wide + 1))
            return Crop(top, left, high, wide)
    own = width / height
    wide = width if own <= ratio[1] else round(height * ratio[1])
    high = height if own >= ratio[0] else round(width / ratio[0])
    return Crop((height - high) // 2, (width - wide) // 2, high, wide)
