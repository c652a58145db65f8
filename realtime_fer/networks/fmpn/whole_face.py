"""FMPN without its prior: a mask of ones, which shows the fusion the whole grey face. To compare with."""

from __future__ import annotations

from realtime_fer.errors import missing_extra

try:
    import torch
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("FMPN", "train", error) from error


class WholeFace(nn.Module):  # type: ignore[misc]
    """Stands where `MotionMaskGenerator` does, has nothing to learn and no tensors."""

    def forward(self, grey: Tensor) -> tuple[Tensor, Tensor]:
        """Twice a mask of ones, shaped like `grey` (N, 1, S, S)."""
        mask = torch.ones_like(grey)
        return mask, mask
