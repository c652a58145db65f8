"""How a picture is laid out on tiles of 336 x 336 pixels, and how many tokens that makes. Whole numbers only.

"HD transform" of Phi-3.5-vision: the picture is scaled so that its longer side fills as many tiles as a budget allows, the
shorter side is padded to whole tiles, and a small copy of the whole goes in front.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from realtime_fer.errors import ShapeError

TILE_PX: Final = 336
"""Side of a tile."""

TOKENS_PER_TILE_SIDE: Final = 12
"""24 patches a side, merged two by two."""


class TileLayout(NamedTuple):
    """Where a picture lies on its tiles; all in pixels.

    Attributes:
        scaled_height, scaled_width: of the picture itself.
        height, width: with the white bars; multiples of 336.
        top, left: width of the bars before the picture.
    """

    scaled_height: int
    scaled_width: int
    height: int
    width: int
    top: int
    left: int

    @property
    def rows(self) -> int:
        """Tiles from top to bottom."""
        return self.height // TILE_PX

    @property
    def columns(self) -> int:
        """Tiles from left to right."""
        return self.width // TILE_PX


def tile_layout(width: int, height: int, num_crops: int) -> TileLayout:
    """Lay a picture out on at most `num_crops` tiles.

    Args:
        width, height: of the picture, pixels, at least 1.
        num_crops: tiles at most, at least 1; the small copy of the whole is not counted.

    Raises:
        ShapeError: a number is below 1, or the picture is so narrow that nothing of it would be left.

    Source: image processor of microsoft/Phi-3.5-vision-instruct.
    """
    if min(width, height, num_crops) < 1:
        raise ShapeError(f"picture of {width}x{height} on {num_crops} tiles: expected at least 1 of each")
    if width < height:
        upright = tile_layout(height, width, num_crops)
        return TileLayout(upright.scaled_width, upright.scaled_height, upright.width, upright.height, upright.left, upright.top)
    ratio = width / height
    across = 1
    while (across + 1) * math.ceil((across + 1) / ratio) <= num_crops:
        across += 1
    scaled_width = across * TILE_PX
    # The quotient in floating point, cut: a height of exactly 336 can come out as 335.
    scaled_height = int(scaled_width / ratio)
    if scaled_height < 1:
        raise ShapeError(f"picture of {width}x{height}: too narrow for {num_crops} tiles; cut it nearer to a square")
    padded = math.ceil(scaled_height / TILE_PX) * TILE_PX
    return TileLayout(scaled_height, scaled_width, padded, scaled_width, (padded - scaled_height) // 2, 0)


def image_token_count(height: int, width: int) -> int:
    """Tokens of one picture: its tiles, a separator, the small copy, and one more at the end of every row of both.

    Args:
        height, width: padded size, pixels, multiples of 336.

    Raises:
        ShapeError: a side is not a positive multiple of 336.
    """
    if height < 1 or width < 1 or height % TILE_PX or width % TILE_PX:
        raise ShapeError(f"padded picture of {width}x{height}: expected positive multiples of {TILE_PX}")
    rows, columns = height // TILE_PX, width // TILE_PX
    side = TOKENS_PER_TILE_SIDE
    return side * rows * (side * columns + 1) + 1 + side * (side + 1)
