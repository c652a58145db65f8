"""The network a training begins with, from the authors' file of either stage and OPT's folder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelCorruptError, missing_extra
from realtime_fer.fingerprint import files_fingerprint
from realtime_fer.networks.exp_blip.checkpoint import fill, required_places
from realtime_fer.networks.exp_blip.checkpoint_names import OPT_PREFIX
from realtime_fer.networks.exp_blip.model import ExpBlip
from realtime_fer.networks.exp_blip.sizes import PUBLISHED, ExpBlipSizes
from realtime_fer.networks.exp_blip.weight_files import mapped_state, opt_state

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("training Exp-BLIP", "vlm", error) from error

LANGUAGE: Final = "blip.language_model."
PROJECTION: Final = "opt_proj."
STAGE_ONE_HEAD: Final = "vision_proj.weight"
"""Only files of the first stage have it."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a training begins with.

    Attributes:
        file: of the first stage (a new projection into OPT is drawn), or of the second.
        opt: folder of facebook/opt-6.7b, with its tokenizer; its weights count where `file` has no OPT.
        sizes: of the network.
    """

    file: Path
    opt: Path
    sizes: ExpBlipSizes = PUBLISHED

    def fingerprint(self) -> str:
        """A short name for these weights, that changes when they do."""
        kinds = ("*.safetensors", "pytorch_model*.bin")
        return files_fingerprint([self.file, *(path for kind in kinds for path in sorted(self.opt.glob(kind)))])

    def load(self, device: torch.device, opt_type: torch.dtype) -> ExpBlip:
        """The network, with gradients for all of it but OPT; a new projection is drawn from torch's generator.

        Args:
            device: where the weights go.
            opt_type: of OPT, which is not learned; everything else is float32.

        Raises:
            ModelNotFoundError, ModelCorruptError, ModelShapeError: as `networks.exp_blip.checkpoint.load_exp_blip`.
        """
        with torch.device("meta"):
            model = ExpBlip(self.sizes)
        state = self._state(model)
        fill(model, state, str(self.file), device, lambda name: opt_type if name.startswith(LANGUAGE) else torch.float32)
        learn_all_but_opt(model)
        return model

    def _state(self, model: ExpBlip) -> Mapping[str, Tensor]:
        state = mapped_state(self.file)
        if not any(name.startswith(OPT_PREFIX) for name in state):
            state = {**state, **opt_state(self.opt)}
        if STAGE_ONE_HEAD not in state:
            return state
        needed = required_places(model)
        lacking = sorted(name for name in needed if name not in state and not name.startswith(PROJECTION))
        if lacking:
            raise ModelCorruptError(
                f"{self.file}: a file of the first stage without {len(lacking)} tensors ({lacking[0]}, ...); it must hold the "
                "image encoder too"
            )
        kept = {name: value for name, value in state.items() if name in needed or name.startswith(OPT_PREFIX)}
        width = 1 / math.sqrt(self.sizes.qformer_hidden)
        new = {
            name: torch.empty(place.shape).uniform_(-width, width)
            for name, place in needed.items()
            if name.startswith(PROJECTION)
        }
        return {**kept, **new}


def learn_all_but_opt(model: ExpBlip) -> None:
    """Gradients for everything but the language model.

    The image encoder's keys have no bias in the authors' network: that third of our joined bias gets no gradient and stays 0.
    """
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not name.startswith(LANGUAGE))
    for layer in model.blip.vision_model.encoder.layers:
        layer.self_attn.qkv.bias.register_hook(_without_key_third)


def _without_key_third(gradient: Tensor) -> Tensor:
    kept = gradient.clone()
    kept.unflatten(0, (3, -1))[1] = 0
    return kept
