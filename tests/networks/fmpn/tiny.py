"""A whole FMPN that takes milliseconds, with norms and weights that are not the identity, so that a mistake shows."""

from __future__ import annotations

from typing import Any

import torch

from realtime_fer.networks.fmpn.inception_v3 import InceptionV3
from realtime_fer.networks.fmpn.model import Fmpn
from realtime_fer.networks.fmpn.motion_mask_generator import MotionMaskGenerator, Norm
from realtime_fer.networks.fmpn.prior_fusion import PriorFusion

SIZE_PX = 75
WIDTH = 1 / 16


def shaken(net: Any, seed: int = 0) -> Any:
    """The net with random statistics and weights, in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if name.endswith("running_var"):
                value.copy_(0.5 + torch.rand(value.shape, generator=generator))
            elif name.endswith(("running_mean", "bias")):
                value.copy_(0.1 * torch.randn(value.shape, generator=generator))
            elif value.ndim > 1:
                value.copy_(torch.randn(value.shape, generator=generator) * (2 / value[0].numel()) ** 0.5)
    return net.eval()


def tiny_fmpn(classes: int = 7, norm: Norm = "batch") -> Fmpn:
    """4 channels, one block, a sixteenth of Inception."""
    generator = MotionMaskGenerator(SIZE_PX, channels=4, blocks=1, norm=norm)
    model: Fmpn = shaken(Fmpn(generator, PriorFusion(), InceptionV3(classes, width=WIDTH)))
    return model
