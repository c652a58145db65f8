"""Rotary position angles of Phi-3.5 ("su", now called "longrope"): frequencies for short texts, and others for long ones."""

from __future__ import annotations

import math

from realtime_fer.errors import missing_extra
from realtime_fer.networks.phi3_vision.config import Phi3VisionConfig

try:
    import torch
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("Phi-3.5-vision", "vlm", error) from error


class LongRope(nn.Module):  # type: ignore[misc]
    """Cosines and sines of the angles, for the half-rotation layout.

    Which set holds is decided for a whole forward pass by the number of keys it sees, padding included: `use_long` is set
    before it. Both sets are scaled by the same factor above 1.

    Source: modelling code of microsoft/Phi-3.5-vision-instruct; LongRoPE, Ding et al., arXiv 2402.13753.
    """

    def __init__(self, config: Phi3VisionConfig) -> None:
        super().__init__()
        self.use_long = False
        self.original_max = config.original_max_positions
        self._factors = {False: config.short_factor, True: config.long_factor}
        self._theta = config.rope_theta
        growth = config.max_positions / config.original_max_positions
        self.scale = math.sqrt(1 + math.log(growth) / math.log(config.original_max_positions)) if growth > 1 else 1.0
        # Not buffers: those would follow the weights to bfloat16, where a position of 800 has no unit digit.
        self._frequencies: dict[tuple[bool, torch.device], Tensor] = {}

    def is_long(self, keys: int) -> bool:
        """Whether a pass over so many keys, cached and new, takes the long factors."""
        return keys > self.original_max

    def inverse_frequencies(self, device: torch.device) -> Tensor:
        """Radians a position, float32, shape (head_size / 2,)."""
        which = (self.use_long, device)
        if which not in self._frequencies:
            factors = torch.tensor(self._factors[self.use_long], dtype=torch.float32, device=device)
            halves = torch.arange(len(factors), dtype=torch.float32, device=device) / len(factors)
            self._frequencies[which] = 1.0 / (factors * self._theta**halves)
        return self._frequencies[which]

    @torch.no_grad()
    def forward(self, x: Tensor, position_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Positions (B, n) -> cosines and sines (B, n, head_size), in the type and on the device of `x`."""
        # In float32 whatever the model computes in, autocast or not.
        with torch.autocast(device_type=x.device.type, enabled=False):
            angles = position_ids[..., None].to(torch.float32) * self.inverse_frequencies(x.device)
            both = torch.cat([angles, angles], dim=-1)
            return (both.cos() * self.scale).to(x.dtype), (both.sin() * self.scale).to(x.dtype)
