"""The three parts of FMPN joined."""

from __future__ import annotations

from typing import Any, NamedTuple

from realtime_fer.errors import missing_extra
from realtime_fer.networks.fmpn.motion_mask_generator import MotionMaskGenerator
from realtime_fer.networks.fmpn.prior_fusion import PriorFusion
from realtime_fer.networks.fmpn.whole_face import WholeFace

try:
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("FMPN", "train", error) from error


class FmpnOutput(NamedTuple):
    """What FMPN makes of N faces.

    Attributes:
        mask: (N, 1, S, S) in [0, 1], where the expression moves the face.
        focus: (N, 1, S, S), the grey face under its mask.
        fused: (N, 3, S, S) in (0, 1), what the classifier sees.
        logits: (N, C).
    """

    mask: Tensor
    focus: Tensor
    fused: Tensor
    logits: Tensor


class Fmpn(nn.Module):  # type: ignore[misc]
    """Mask, fusion, classification; one class each, named as published weight files are.

    Args:
        net_resface: the motion mask generator, or what stands for it in a comparison without one.
        net_fusion: the prior fusion network.
        net_cls: from (N, 3, S, S) to logits (N, C).

    Source: figure 2 of arXiv 1902.08788. Nothing is detached: the classification loss trains the generator as well.
    """

    def __init__(self, net_resface: MotionMaskGenerator | WholeFace, net_fusion: PriorFusion, net_cls: Any) -> None:
        super().__init__()
        self.net_resface = net_resface
        self.net_fusion = net_fusion
        self.net_cls = net_cls

    def forward(self, rgb: Tensor, grey: Tensor) -> FmpnOutput:
        """All that comes of `rgb` (N, 3, S, S) and `grey` (N, 1, S, S), both float32 in [0, 1], not standardised."""
        mask, _ = self.net_resface(grey)
        # The grey face, not the colour one: that comes in by the other way.
        focus = mask * grey
        fused = self.net_fusion(rgb, focus)
        return FmpnOutput(mask, focus, fused, self.net_cls(fused))
