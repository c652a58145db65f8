"""An Exp-BLIP of a few thousand weights, and files such as its authors wrote."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import pre_tokenizers

from realtime_fer.networks.exp_blip.checkpoint import TIED, required_places
from realtime_fer.networks.exp_blip.checkpoint_names import published_name
from realtime_fer.networks.exp_blip.model import ExpBlip
from realtime_fer.networks.exp_blip.sizes import ExpBlipSizes
from realtime_fer.networks.exp_blip.stage_one import ExpBlipStageOne
from realtime_fer.networks.exp_blip.tokenizer import SPECIAL, OptTokenizer

SIZES = ExpBlipSizes(
    image_px=28,
    patch_px=14,
    vision_hidden=16,
    vision_intermediate=24,
    vision_layers=2,
    vision_heads=2,
    qformer_hidden=12,
    qformer_intermediate=20,
    qformer_layers=2,
    qformer_heads=2,
    queries=3,
    bert_words=30,
    bert_positions=16,
    bert_decode_id=29,
    matching_hidden=6,
    opt_hidden=16,
    opt_intermediate=24,
    opt_layers=2,
    opt_heads=2,
    opt_words=280,
    opt_positions=64,
    opt_end_id=14,
    image_token_id=279,
)


def noise(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def published_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """A file's tensors: weights large enough that every part of the input tells."""
    state = {}
    for number, (name, place) in enumerate(required_places(model).items()):
        values = noise(place.shape, number)
        if len(place.shape) >= 2 and "embed" not in name and "token" not in name:
            values = values / float(np.prod(place.shape[1:])) ** 0.5
        elif name.endswith("weight") and len(place.shape) == 1:
            values = 1 + 0.1 * values
        state[name] = 0.5 * values if name == "temp" else values
    state["temp"] = torch.tensor(0.07)
    if isinstance(model, ExpBlip):
        del state["temp"]
    for second, first in TIED[type(model)].items():
        state[published_name(second)] = state[published_name(first)]
    state["Qformer.bert.embeddings.position_ids"] = torch.arange(16)[None]
    return state


def empty_captioner() -> ExpBlip:
    with torch.device("meta"):
        return ExpBlip(SIZES)


def empty_stage_one() -> ExpBlipStageOne:
    with torch.device("meta"):
        return ExpBlipStageOne(SIZES)


def faces(count: int = 2, height: int = 40, width: int = 30) -> list[npt.NDArray[np.uint8]]:
    return [np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8) for seed in range(count)]


def tiny_tokenizer() -> OptTokenizer:
    """Single bytes, no pairs."""
    vocabulary = {token: number for number, token in enumerate([*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    return OptTokenizer.from_pairs(vocabulary, [])
