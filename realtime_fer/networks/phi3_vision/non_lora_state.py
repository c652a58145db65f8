"""`non_lora_state_dict.bin`: what the published training wrote beside its adapter.

Meant for weights trained without an adapter, but the published recipe has none: the file is a copy of the frozen base. It
can be left out; these functions say whether one is an exception.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from realtime_fer.errors import ModelCorruptError, ModelShapeError, missing_extra
from realtime_fer.networks.phi3_vision.model import Phi3Vision
from realtime_fer.networks.state_dict import load_plain

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("Phi-3.5-vision", "vlm", error) from error


class NonLoraState(NamedTuple):
    """The file against a model.

    Attributes:
        changed: tensors whose values differ from the model's, by the model's names; usually none.
        same: names of those that do not.
        ignored: names in the file, stripped, that the model does not have: weights below adapted layers.
    """

    changed: dict[str, Tensor]
    same: tuple[str, ...]
    ignored: tuple[str, ...]


def stripped_names(names: Iterable[str]) -> dict[str, str]:
    """Names in the file -> names for the model, by the rule of the published loader.

    A leading `base_model.` goes; if then any name begins with `model.model.`, a leading `model.` goes from every name.
    """
    names = list(names)
    short = [name.removeprefix("base_model.") for name in names]
    if any(name.startswith("model.model.") for name in short):
        short = [name.removeprefix("model.") for name in short]
    return dict(zip(names, short, strict=True))


def read_non_lora_state(path: Path, model: Phi3Vision) -> NonLoraState:
    """Compare the file with a model that has no adapter attached. Nothing in the model is changed.

    Values are compared in the model's type: a copy of the base differs from a model in another type only by rounding.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelCorruptError: it cannot be read, or is no dictionary of tensors.
        ModelShapeError: a tensor has another shape than the model's.
    """
    try:
        state = load_plain(path, "a dictionary of tensors")
    except ModelCorruptError as error:
        raise ModelCorruptError(f"{error}, or leave it out") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelCorruptError(f"{path}: expected a dictionary of tensors; it can be left out")
    own = model.state_dict()
    names = stripped_names(state)
    changed, same, ignored = {}, [], []
    for name, value in state.items():
        target = names[name]
        if target not in own:
            ignored.append(target)
        elif own[target].shape != value.shape:
            raise ModelShapeError(f"{path}: {target} is {tuple(value.shape)}, expected {tuple(own[target].shape)}")
        elif torch.equal(value.to(own[target].dtype), own[target].cpu()):
            same.append(target)
        else:
            changed[target] = value
    return NonLoraState(changed, tuple(same), tuple(ignored))
