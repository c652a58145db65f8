"""How FMPN's weights start and how they are moved: the published initialisation and Adam's settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from realtime_fer.errors import missing_extra
from realtime_fer.networks.fmpn.model import Fmpn

try:
    import torch
    from torch import nn
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error

INITIAL_GAIN = 0.02
NORM_WEIGHT_DEVIATION = 0.02
BETAS = (0.5, 0.999)

LEARNING_RATE = 1e-4
GENERATOR_LEARNING_RATE = 1e-5
"""Of the mask generator in the second stage, which has learned its part already."""


@torch.no_grad()
def initialise(net: Any) -> None:
    """Draw the weights from torch's own generator.

    Convolutions and linear layers: Xavier normal with a gain of 0.02, biases 0; batch norms: weights N(1, 0.02), biases 0;
    the slopes of PReLUs stay at 0.25.
    """
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_normal_(layer.weight, INITIAL_GAIN)
            if layer.bias is not None:
                layer.bias.zero_()
        elif isinstance(layer, nn.BatchNorm2d) and layer.weight is not None:
            nn.init.normal_(layer.weight, 1.0, NORM_WEIGHT_DEVIATION)
            layer.bias.zero_()


def mask_optimizer(generator: Any, learning_rate: float = LEARNING_RATE) -> Any:
    """Adam of the first stage; `initial_lr` of its group is what the schedule multiplies."""
    return adam([(generator, learning_rate)])


def joint_optimizer(
    model: Fmpn, learning_rate: float = LEARNING_RATE, generator_learning_rate: float = GENERATOR_LEARNING_RATE
) -> Any:
    """Adam of the second stage, see `joint_parts`."""
    return adam(joint_parts(model, learning_rate, generator_learning_rate))


def joint_parts(model: Fmpn, learning_rate: float, generator_learning_rate: float) -> list[tuple[Any, float]]:
    """The nets of the second stage: classifier and fusion at one rate, the generator at its own."""
    return [(model.net_cls, learning_rate), (model.net_fusion, learning_rate), (model.net_resface, generator_learning_rate)]


def set_rate(optimizer: Any, factor: float) -> None:
    """Each group's learning rate: `factor` times what it began with."""
    for group in optimizer.param_groups:
        group["lr"] = factor * group["initial_lr"]


def adam(parts: Sequence[tuple[Any, float]]) -> Any:
    """Published settings; nets with their rates."""
    groups = [{"params": list(net.parameters()), "lr": rate, "initial_lr": rate} for net, rate in parts]
    return torch.optim.Adam([group for group in groups if group["params"]], betas=BETAS, weight_decay=0.0)


def one_cycle_optimizer(parts: Sequence[tuple[Any, float]], weight_decay: float) -> Any:
    """AdamW as our own trainings have it: norms, biases, slopes and the learned pooling do not decay."""
    groups = []
    for net, rate in parts:
        decayed: list[Any] = []
        plain: list[Any] = []
        for name, parameter in net.named_parameters():
            (decayed if parameter.ndim > 1 and name != "pooling" else plain).append(parameter)
        for parameters, decay in ((decayed, weight_decay), (plain, 0.0)):
            if parameters:
                groups.append({"params": parameters, "lr": rate, "initial_lr": rate, "weight_decay": decay})
    return torch.optim.AdamW(groups)
