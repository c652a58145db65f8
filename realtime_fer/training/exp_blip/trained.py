"""What a training of Exp-BLIP leaves: {"model": tensors} under the authors' names, without OPT, as their trimmed files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from realtime_fer.errors import missing_extra
from realtime_fer.networks.exp_blip.checkpoint import required_places
from realtime_fer.networks.exp_blip.checkpoint_names import OPT_PREFIX
from realtime_fer.networks.exp_blip.model import ExpBlip
from realtime_fer.networks.exp_blip.weight_files import STATE_KEY

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("training Exp-BLIP", "vlm", error) from error


def published_tensors(model: ExpBlip, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same by the authors' names; our joined bias falls into the two that they have.

    Args:
        model: for the names.
        tensors: from `vlm.trained.trained_tensors`.
    """
    found = {}
    for theirs, place in required_places(model).items():
        if theirs.startswith(OPT_PREFIX):
            continue
        value = tensors[place.name]
        found[theirs] = (value if place.part is None else value.unflatten(0, (3, -1))[place.part]).clone()
    return found


def save_published(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write a file that `networks.exp_blip.convert` and the authors' code read; it appears whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    torch.save({STATE_KEY: dict(tensors)}, partial)
    partial.replace(path)
