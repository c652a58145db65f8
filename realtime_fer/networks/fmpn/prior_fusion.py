"""FMPN's second part: one picture of the colour face and of the face under its motion mask.

Section 3.2 of arXiv 1902.08788. Module names are those of published weights.
"""

from __future__ import annotations

from realtime_fer.errors import missing_extra
from realtime_fer.networks.fmpn.motion_mask_generator import ResidualBlock

try:
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("FMPN", "train", error) from error


class PriorFusion(nn.Module):  # type: ignore[misc]
    """sigmoid(conv(block(process_a(rgb) + process_b(focus)))), 377 parameters.

    The sigmoid keeps the picture in (0, 1), like the pictures it is mixed of.
    """

    def __init__(self) -> None:
        super().__init__()
        self.process_a = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1, bias=False), nn.BatchNorm2d(3), nn.ReLU())
        self.process_b = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1, bias=False), nn.BatchNorm2d(3), nn.ReLU())
        self.model = nn.Sequential(ResidualBlock(3), nn.Conv2d(3, 3, 3, padding=1, bias=False), nn.Sigmoid())

    def forward(self, rgb: Tensor, focus: Tensor) -> Tensor:
        """Fused (N, 3, S, S) in (0, 1) of `rgb` (N, 3, S, S) and `focus` (N, 1, S, S), both in [0, 1]."""
        return self.model(self.process_a(rgb) + self.process_b(focus))
