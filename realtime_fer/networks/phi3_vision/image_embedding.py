"""Tiles to the vectors that stand in the text for a picture."""

from __future__ import annotations

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.phi3_vision.config import Phi3VisionConfig
from realtime_fer.networks.phi3_vision.tile_layout import TILE_PX, TOKENS_PER_TILE_SIDE
from realtime_fer.networks.phi3_vision.vision_tower import VisionTower

try:
    import torch
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("Phi-3.5-vision", "vlm", error) from error


class ImageEmbedding(nn.Module):  # type: ignore[misc]
    """Vision tower, 2 x 2 merge, learned separators, projector.

    Of each picture first its tiles as one large grid, then `glb_GN`, then the small copy of the whole; `sub_GN` ends every row
    of both. All vectors, separators too, go through the projector.

    Shapes: I pictures of at most T - 1 tiles, C channels of the tower, D of the decoder, N vectors in all
    (see `tile_layout.image_token_count`).
    """

    def __init__(self, config: Phi3VisionConfig, attention: str) -> None:
        super().__init__()
        merged = 4 * config.tower.hidden_size
        self.glb_GN = nn.Parameter(torch.zeros(1, 1, merged))
        self.sub_GN = nn.Parameter(torch.zeros(1, 1, 1, merged))
        self.img_projection = nn.Sequential(
            nn.Linear(merged, config.hidden_size), nn.GELU(), nn.Linear(config.hidden_size, config.hidden_size)
        )
        self.img_processor = VisionTower(config.tower, attention)

    def forward(self, pixel_values: Tensor, image_sizes: Tensor) -> Tensor:
        """Tiles (I, T, 3, 336, 336) and padded sizes (I, 2) -> (N, D), picture after picture.

        Raises:
            ShapeError: the sizes do not fit the tiles.
        """
        grids = _grids(pixel_values, image_sizes)
        # Tiles that only fill up would be thrown away: they are not looked at.
        used = [tiles[: 1 + rows * columns] for tiles, (rows, columns) in zip(pixel_values, grids, strict=True)]
        features = merge_patches(self.img_processor(torch.cat(used).to(self.glb_GN.dtype)))
        vectors, start = [], 0
        for rows, columns in grids:
            stop = start + 1 + rows * columns
            vectors += [
                self._with_row_ends(join_tiles(features[start + 1 : stop], rows, columns)),
                self.glb_GN[0],
                self._with_row_ends(features[start]),
            ]
            start = stop
        return self.img_projection(torch.cat(vectors))

    def _with_row_ends(self, grid: Tensor) -> Tensor:
        """(H, W, 4C) -> (H * (W + 1), 4C), a separator after each row."""
        ends = self.sub_GN[0].expand(grid.shape[0], 1, -1)
        return torch.cat([grid, ends], dim=1).flatten(0, 1)


def merge_patches(features: Tensor) -> Tensor:
    """Four neighbours become one: (N, 576, C) -> (N, 12, 12, 4C); top left, top right, bottom left, bottom right."""
    side, channels = TOKENS_PER_TILE_SIDE, features.shape[2]
    blocks = features.reshape(-1, side, 2, side, 2, channels).permute(0, 1, 3, 2, 4, 5)
    return blocks.reshape(-1, side, side, 4 * channels)


def join_tiles(tiles: Tensor, rows: int, columns: int) -> Tensor:
    """Tiles row by row (rows * columns, S, S, C) -> one grid (rows * S, columns * S, C)."""
    side, channels = tiles.shape[1], tiles.shape[3]
    grid = tiles.reshape(rows, columns, side, side, channels).transpose(1, 2)
    return grid.reshape(rows * side, columns * side, channels)


def _grids(pixel_values: Tensor, image_sizes: Tensor) -> list[tuple[int, int]]:
    """Rows and columns of tiles of each picture, checked."""
    if pixel_values.ndim != 5 or tuple(pixel_values.shape[2:]) != (3, TILE_PX, TILE_PX):
        raise ShapeError(f"pixel_values: expected (I, T, 3, {TILE_PX}, {TILE_PX}), found {tuple(pixel_values.shape)}")
    if tuple(image_sizes.shape) != (len(pixel_values), 2):
        raise ShapeError(f"image_sizes: expected ({len(pixel_values)}, 2), found {tuple(image_sizes.shape)}")
    grids = []
    for height, width in image_sizes.tolist():
        rows, columns = height // TILE_PX, width // TILE_PX
        if height % TILE_PX or width % TILE_PX or not 1 <= rows * columns < pixel_values.shape[1]:
            raise ShapeError(
                f"image_sizes: {width}x{height} px does not fit {pixel_values.shape[1] - 1} tiles of {TILE_PX} px "
                "besides the small copy"
            )
        grids.append((rows, columns))
    return grids
