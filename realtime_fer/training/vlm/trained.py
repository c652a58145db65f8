"""What learns in a network: copies of it for a checkpoint, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime_fer.errors import ModelCorruptError, missing_extra

try:
    import torch
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("training a vision-language model", "vlm", error) from error


def learning(model: nn.Module) -> dict[str, Any]:
    """What gets gradients, by our names."""
    return {name: value for name, value in model.named_parameters() if value.requires_grad}


def trained_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Copies of it on the CPU, float32."""
    return {name: value.detach().to("cpu", torch.float32, copy=True).contiguous() for name, value in learning(model).items()}


def restore_trained(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put such copies back.

    Raises:
        ModelCorruptError: they are of another model.
    """
    ours = learning(model)
    different = ours.keys() ^ tensors.keys() or {name for name in ours if ours[name].shape != tensors[name].shape}
    if different:
        raise ModelCorruptError(
            f"trained weights: {len(different)} tensors do not fit the model ({min(different)}, ...); is it the same?"
        )
    with torch.no_grad():
        for name, value in tensors.items():
            ours[name].copy_(value)
