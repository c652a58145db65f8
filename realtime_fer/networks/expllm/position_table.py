"""The published table of positions at the size of the network's picture."""

from __future__ import annotations

from typing import Final

from realtime_fer.errors import ModelShapeError, missing_extra
from realtime_fer.networks.expllm.config import GRID, TABLE_GRID

try:
    import torch
    from torch import Tensor
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("ExpLLM", "vlm", error) from error

_NUDGE: Final = 0.1
"""DINOv2 adds it to the wanted size so that rounding cannot lose a row; it changes where the table is sampled, too."""


def resampled_positions(table: Tensor) -> Tensor:
    """Positions of 37x37 patches at 16x16, as DINOv2's own code has them.

    Bicubic, without smoothing, with the scale factor (16 + 0.1) / 37. Asking for 16x16 instead, as transformers does, samples
    at other places.

    Args:
        table: shape (1, 1 + 37 * 37, C), the class token's position first.

    Returns:
        Same type, shape (1, 1 + 16 * 16, C).

    Raises:
        ModelShapeError: the table has another shape.
    """
    if table.ndim != 3 or tuple(table.shape[:2]) != (1, 1 + TABLE_GRID**2):
        raise ModelShapeError(f"position table: expected shape (1, {1 + TABLE_GRID**2}, C), found {tuple(table.shape)}")
    grid = table[:, 1:].to(torch.float32).reshape(1, TABLE_GRID, TABLE_GRID, -1).permute(0, 3, 1, 2)
    scale = (GRID + _NUDGE) / TABLE_GRID
    small = functional.interpolate(grid, scale_factor=(scale, scale), mode="bicubic", align_corners=False, antialias=False)
    patches = small.permute(0, 2, 3, 1).reshape(1, GRID * GRID, -1)
    return torch.cat([table[:, :1], patches.to(table.dtype)], dim=1)
