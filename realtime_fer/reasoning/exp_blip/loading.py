"""A converted folder of Exp-BLIP to a network in its place."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from realtime_fer.errors import missing_extra
from realtime_fer.networks.exp_blip.checkpoint import TIED, part_type, set_tensor
from realtime_fer.networks.exp_blip.converted import Converted, converted_tensors, load_converted
from realtime_fer.networks.exp_blip.model import ExpBlip
from realtime_fer.reasoning.placement import Placement, place_language

try:
    import torch
    from torch import Tensor
    from transformers import OPTForCausalLM
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error

LANGUAGE: Final = "blip.language_model."


def load_placed(folder: Path, placement: Placement, *, verify: bool = False) -> ExpBlip:
    """The network of a folder that `networks.exp_blip.convert` finished, in evaluation mode.

    Args:
        folder: with its index.
        placement: where; the Q-Former stays in float32.
        verify: compare each file's SHA-256 first, which reads all of it.

    Raises:
        ModelNotFoundError: the conversion was not finished.
        ModelCorruptError: a file is missing, unreadable or not what was written.
    """
    if placement.is_plain:
        return load_converted(folder, device=placement.device, dtype=placement.dtype, verify=verify)
    with torch.device("meta"):
        model = ExpBlip(Converted.from_folder(folder).sizes)
    decoder: dict[str, Tensor] = {}
    for name, value in converted_tensors(folder, verify=verify):
        if name.startswith(LANGUAGE):
            decoder[name.removeprefix(LANGUAGE)] = value
        else:
            set_tensor(model, name, value.to(placement.device, part_type(name, placement.dtype)))
    # Its head is its table of words, which the class joins itself.
    tied = {second.removeprefix(LANGUAGE): first.removeprefix(LANGUAGE) for second, first in TIED[ExpBlip].items()}
    decoder.update({second: decoder[first] for second, first in tied.items()})
    model.blip.language_model = place_language(OPTForCausalLM, model.blip.config.text_config, decoder, placement)
    model.eval()
    return model


def weights_version(folder: Path) -> str:
    """A short name for the weights of a converted folder, that changes when they do.

    Raises:
        ModelNotFoundError, ModelCorruptError: as `load_placed`.
    """
    return hashlib.sha256("".join(sorted(Converted.from_folder(folder).sha256.values())).encode()).hexdigest()[:12]
