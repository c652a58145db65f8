"""One step of Emotion-GCN's training, as its authors took it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realtime_fer.errors import missing_extra
from realtime_fer.networks.emotion_gcn.model import EmotionNetwork, Outputs
from realtime_fer.training.emotion_gcn.losses import Losses, emotion_losses
from realtime_fer.training.emotion_gcn.recipe import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("training Emotion-GCN", "train", error) from error


def published_optimiser(
    network: EmotionNetwork,
    learning_rate: float = LEARNING_RATE,
    momentum: float = MOMENTUM,
    weight_decay: float = WEIGHT_DECAY,
) -> torch.optim.SGD:
    """SGD over all parameters; the graph's A and an unused `_fc0` have no gradient and stay what they are."""
    return torch.optim.SGD(network.parameters(), lr=learning_rate, momentum=momentum, weight_decay=weight_decay)


def training_step(
    network: EmotionNetwork,
    optimiser: torch.optim.Optimizer,
    *,
    images: Tensor,
    labels: Tensor,
    affect: Tensor,
    weights: Tensor | None = None,
    backward: Callable[[Tensor], Any] = torch.Tensor.backward,
) -> tuple[Losses, Outputs]:
    """Losses and outputs before the step, without gradients; the network must be in training mode.

    Args:
        images: normalised RGB, float32 (N, 3, S, S), N >= 2.
        labels, affect, weights: see `losses.emotion_losses`.
        backward: what fills the gradients, given the total; accelerate's where it scales or shares them.

    Raises:
        ShapeError: see `losses.concordances`.
    """
    optimiser.zero_grad()
    outputs = network(images)
    losses = emotion_losses(outputs, labels, affect, weights)
    backward(losses.total)
    optimiser.step()
    affect_value = None if losses.affect is None else losses.affect.detach()
    affect_outputs = None if outputs.valence_arousal is None else outputs.valence_arousal.detach()
    values = Losses(losses.total.detach(), losses.expression.detach(), affect_value)
    return values, Outputs(outputs.logits.detach(), affect_outputs)
