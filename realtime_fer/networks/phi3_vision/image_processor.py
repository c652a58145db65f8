"""A picture to the tiles that Phi-3.5-vision sees, bit for bit as its own image processor cuts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.phi3_vision.tile_layout import TILE_PX, image_token_count, tile_layout

try:
    import torch
    from PIL import Image
    from torch import Tensor
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("Phi-3.5-vision", "vlm", error) from error

ImageRgb = npt.NDArray[np.uint8]
"""uint8, shape (H, W, 3), red-green-blue."""

MEAN_RGB: Final = (0.48145466, 0.4578275, 0.40821073)
STD_RGB: Final = (0.26862954, 0.26130258, 0.27577711)
"""Of CLIP's training pictures, as shares of full brightness."""

WHITE: Final = 255
"""The bars above and below (or beside) a picture. Not zero once normalised."""


class TiledPictures(NamedTuple):
    """What the network takes.

    Attributes:
        pixel_values: float32, shape (I, num_crops + 1, 3, 336, 336), normalised: the small copy of the whole, the tiles row by
            row, then all-zero tiles that fill up.
        image_sizes: int64, shape (I, 2): padded height and width, pixels.
        token_counts: image tokens of each picture.
    """

    pixel_values: Tensor
    image_sizes: Tensor
    token_counts: tuple[int, ...]


def tile_pictures(pictures: Sequence[ImageRgb], num_crops: int) -> TiledPictures:
    """Cut pictures into tiles.

    Args:
        pictures: I >= 1 pictures, uint8 (H, W, 3), RGB, any sizes.
        num_crops: tiles at most for each; 4 in the published notebook, 16 in its training.

    Raises:
        ShapeError: there is no picture, or one is not uint8 (H, W, 3), or too narrow.

    Source: image processor of microsoft/Phi-3.5-vision-instruct.
    """
    if not pictures:
        raise ShapeError("pictures: expected at least one, found none")
    tiles, sizes, counts = [], [], []
    for picture in pictures:
        padded = scale_and_pad(picture, num_crops)
        height, width = padded.shape[:2]
        tiles.append(_tiles(padded, num_crops))
        sizes.append((height, width))
        counts.append(image_token_count(height, width))
    return TiledPictures(torch.stack(tiles), torch.tensor(sizes), tuple(counts))


def scale_and_pad(picture: ImageRgb, num_crops: int) -> ImageRgb:
    """The picture scaled to its place on the tiles, with white bars: uint8 (H, W, 3), H and W multiples of 336.

    Raises:
        ShapeError: `picture` is not uint8 (H, W, 3), or too narrow.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or 0 in picture.shape:
        raise ShapeError(f"picture: expected uint8 RGB of shape (H, W, 3), found {picture.dtype} of shape {picture.shape}")
    if picture.shape[1] < picture.shape[0]:
        # The original turns portraits on their side; scaling them upright changes one byte in twenty by 1.
        return np.ascontiguousarray(scale_and_pad(np.ascontiguousarray(picture.swapaxes(0, 1)), num_crops).swapaxes(0, 1))
    layout = tile_layout(picture.shape[1], picture.shape[0], num_crops)
    scaled = Image.fromarray(picture).resize((layout.scaled_width, layout.scaled_height), Image.Resampling.BILINEAR)
    padded = np.full((layout.height, layout.width, 3), WHITE, np.uint8)
    padded[layout.top : layout.top + layout.scaled_height] = np.asarray(scaled)
    return padded


def _tiles(padded: ImageRgb, num_crops: int) -> Tensor:
    """Normalise and cut: uint8 (H, W, 3) -> float32 (num_crops + 1, 3, 336, 336)."""
    pixels = torch.from_numpy(padded).permute(2, 0, 1).to(torch.float32) / 255
    normal = (pixels - torch.tensor(MEAN_RGB)[:, None, None]) / torch.tensor(STD_RGB)[:, None, None]
    rows, columns = padded.shape[0] // TILE_PX, padded.shape[1] // TILE_PX
    tiles = torch.zeros(num_crops + 1, 3, TILE_PX, TILE_PX)
    tiles[0] = functional.interpolate(normal[None], size=(TILE_PX, TILE_PX), mode="bicubic", align_corners=False)[0]
    cut = normal.reshape(3, rows, TILE_PX, columns, TILE_PX).permute(1, 3, 0, 2, 4)
    tiles[1 : 1 + rows * columns] = cut.reshape(rows * columns, 3, TILE_PX, TILE_PX)
    return tiles
