"""What a training of Exp-BLIP leaves: {"model": tensors} under the authors' names, without OPT, as their trimmed files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from realtime_fer.errors import ModelCorruptError, missing_extra
from realtime_fer.networks.exp_blip.checkpoint import required_places
from realtime_fer.networks.exp_blip.checkpoint_names import OPT_PREFIX
from realtime_fer.networks.exp_blip.model import ExpBlip
from realtime_fer.networks.exp_blip.weight_files import STATE_KEY
from realtime_fer.training.exp_blip.start import learning

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("training Exp-BLIP", "vlm", error) from error


def trained_tensors(model: ExpBlip) -> dict[str, Tensor]:
    """Copies on the CPU of what learns, by our names."""
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in learning(model).items()}


def restore_trained(model: ExpBlip, tensors: Mapping[str, Tensor]) -> None:
    """Put such copies back.

    Raises:
        ModelCorruptError: they are of another model.
    """
    ours = learning(model)
    different = ours.keys() ^ tensors.keys() or {name for name in ours if ours[name].shape != tensors[name].shape}
    if different:
        raise ModelCorruptError(f"trained weights: {len(different)} tensors do not fit the model ({min(different)}, ...)")
    with torch.no_grad():
        for name, value in tensors.items():
            ours[name].copy_(value)


def published_tensors(model: ExpBlip, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same by the authors' names; our joined bias falls into the two that they have.

    Args:
        model: for the names.
        tensors: from `trained_tensors`.
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
