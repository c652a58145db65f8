"""A small ExpLLM with random weights under the published names, and a small vocabulary."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from realtime_fer.networks.expllm.checkpoint import from_published
from realtime_fer.networks.expllm.checkpoint_keys import published_shapes
from realtime_fer.networks.expllm.config import ExpLlmConfig, LanguageSizes, VisionSizes
from realtime_fer.networks.expllm.model import ExpLlm
from realtime_fer.networks.expllm.prompts import IMAGE_TOKEN, LABELS, description_prompt
from realtime_fer.networks.expllm.sentencepiece_bpe import SPACE, Piece, SentencePieceBpe
from realtime_fer.networks.expllm.tokenizer import ExpLlmTokenizer

if TYPE_CHECKING:
    from torch import Tensor

VISION = VisionSizes(hidden_size=16, layers=1, heads=2)


@cache
def tiny_vocabulary() -> SentencePieceBpe:
    """Bytes, the letters of the prompts, and a few words."""
    letters = sorted({*(description_prompt("") + "".join(LABELS)).replace(IMAGE_TOKEN, "").replace(" ", SPACE)} - {"<", ">"})
    words = [SPACE + "T", SPACE + "A", "ea", "ear", SPACE + "F", SPACE + "Fear", "er", SPACE + SPACE]
    pieces = [Piece("<unk>", 0.0, 2), Piece("<s>", 0.0, 3), Piece("</s>", 0.0, 3)]
    pieces += [Piece(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256)]
    pieces += [Piece(word, float(-index)) for index, word in enumerate(words)]
    return SentencePieceBpe([*pieces, *(Piece(letter, -1e9) for letter in letters)])


@cache
def tiny_tokenizer() -> ExpLlmTokenizer:
    return ExpLlmTokenizer(tiny_vocabulary())


def tiny_config(rank: int = 2) -> ExpLlmConfig:
    words = len(tiny_vocabulary())
    language = LanguageSizes(words, hidden_size=32, intermediate_size=48, layers=2, heads=4, kv_heads=4, max_positions=2048)
    return ExpLlmConfig(VISION, language, rank=rank, alpha=4.0, image_token_id=words)


def published_tensors(config: ExpLlmConfig, seed: int = 0) -> dict[str, Tensor]:
    """Random values for every published name."""
    random = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in published_shapes(config).items():
        value = torch.randn(shape, generator=random)
        tensors[name] = value if len(shape) < 2 or "embed" in name else value / shape[-1] ** 0.5
    return tensors


@cache
def tiny_model(rank: int = 2) -> ExpLlm:
    config = tiny_config(rank)
    return from_published(published_tensors(config).items(), config, dtype=torch.float32)


def settings(config: ExpLlmConfig) -> dict[str, object]:
    """What config.json says of it."""
    language = config.language
    lora = {f"lora_{which}_{name}": value for which in ("llm", "vision") for name, value in (("r", config.rank), ("alpha", 4))}
    return {
        **lora,
        "model_type": "locllm",
        "vocab_size": language.vocab_size,
        "hidden_size": language.hidden_size,
        "intermediate_size": language.intermediate_size,
        "num_hidden_layers": language.layers,
        "num_attention_heads": language.heads,
        "num_key_value_heads": language.kv_heads,
        "rms_norm_eps": language.rms_norm_eps,
        "max_position_embeddings": language.max_positions,
        "num_patches": 256,
        "im_patch_token": config.image_token_id,
    }


def write_published(folder: Path, config: ExpLlmConfig, files: int = 2) -> dict[str, Tensor]:
    """A folder as the training leaves it: several .bin files, their index, config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = published_tensors(config)
    stored = dict(tensors)
    stored["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(4)
    stored["vision_model.mask_token"] = torch.zeros(1, config.vision.hidden_size)
    file_of = {}
    for number in range(files):
        name = f"pytorch_model-{number + 1:05d}-of-{files:05d}.bin"
        part = dict(list(stored.items())[number::files])
        torch.save(part, folder / name)
        file_of.update(dict.fromkeys(part, name))
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": file_of}))
    (folder / "config.json").write_text(json.dumps(settings(config)))
    return tensors


def face(height: int = 40, width: int = 30, seed: int = 0) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
