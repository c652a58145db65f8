"""An ExpLLM in the authors' layout that answers with texts given beforehand, by attention and weights alone.

Each token of the script leads to the next one; the colon that ends a question leads to the label, or, once an answer stands
before it, to the description. Nothing of the picture tells.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch

from realtime_fer.networks.expllm.config import ExpLlmConfig
from realtime_fer.networks.expllm.convert import convert
from realtime_fer.networks.expllm.prompts import END_OF_ANSWER
from realtime_fer.networks.expllm.sentencepiece_bpe import SPACE, Piece
from tests.networks.expllm.test_sentencepiece_bpe import written
from tests.networks.expllm.tiny import VISION, published_tensors, settings, tiny_config

LABEL = "Happiness"
DESCRIPTION = (
    "**Key Observations:**",
    " The lip corners",
    " are strongly",
    " pulled up,",
    " left eyebrow",
    " slightly",
    " raised,",
    " no",
    " brow lowering.",
    "\n\n**Emotional Interpretation:**",
    " Joy.",
    "\n\n**Conclusion:**",
    " It is happiness.",
)
"""Pieces of the text, each a token of its own."""

HIDDEN = 64
_ANSWERED, _SEEN = 0, 1
"""Axes of the hidden vectors: the token that ends an answer, and whether one was seen."""


def scripted_pieces() -> list[Piece]:
    """Bytes, the script, and what leads to the label's piece join by join."""
    pieces = [Piece("<unk>", 0.0, 2), Piece("<s>", 0.0, 3), Piece("</s>", 0.0, 3)]
    pieces += [Piece(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256)]
    word = SPACE + LABEL
    pieces += [Piece(word[:length], -float(length)) for length in range(2, len(word) + 1)]
    pieces += [Piece(letter, -1e9) for letter in sorted({*word} | {":"})]
    return pieces + [Piece(text.replace(" ", SPACE), -1e9) for text in DESCRIPTION]


def write_scripted(folder: Path, *, label_first: bool = True, files: int = 2) -> ExpLlmConfig:
    """The published folder: weights in several files, config.json, the tokenizer's files.

    Args:
        label_first: whether the first question is answered with the label, and the second with the description.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pieces = scripted_pieces()
    words = len(pieces)
    sizes = tiny_config()
    config = replace(
        sizes, language=replace(sizes.language, vocab_size=words, hidden_size=HIDDEN, layers=1), image_token_id=words
    )
    tensors = published_tensors(config)
    _script(tensors, pieces, label_first)
    file_of = {}
    for number in range(files):
        name = f"pytorch_model-{number + 1:05d}-of-{files:05d}.bin"
        part = dict(list(tensors.items())[number::files])
        torch.save(part, folder / name)
        file_of.update(dict.fromkeys(part, name))
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": file_of}))
    (folder / "config.json").write_text(json.dumps(settings(config)))
    (folder / "tokenizer.model").write_bytes(written(pieces))
    (folder / "tokenizer_config.json").write_text(json.dumps({"legacy": False}))
    return config


def converted_scripted(folder: Path, *, label_first: bool = True) -> Path:
    """The folder that conversion makes of `write_scripted`'s."""
    write_scripted(folder / "published", label_first=label_first)
    convert(folder / "published", folder / "converted", dtype=torch.float32, vision=VISION)
    return folder / "converted"


def _script(tensors: dict[str, torch.Tensor], pieces: list[Piece], label_first: bool) -> None:
    ids = {piece.text: number for number, piece in enumerate(pieces)}
    random = torch.Generator().manual_seed(0)
    embed = torch.randn(len(pieces), HIDDEN, generator=random)
    embed[:, [_ANSWERED, _SEEN]] = 0.0
    embed = embed / embed.norm(dim=1, keepdim=True) * HIDDEN**0.5
    end = ids[END_OF_ANSWER]
    embed[end] = 0.0
    embed[end, _ANSWERED] = HIDDEN**0.5
    head = torch.zeros(len(pieces), HIDDEN)
    script = [ids[text.replace(" ", SPACE)] for text in DESCRIPTION]
    colon, label = ids[":"], ids[SPACE + LABEL]
    for token, following in zip([label, *script], [end, *script[1:], end], strict=True):
        head[following] += 3 * embed[token]
    first, second = (label, script[0]) if label_first else (script[0], label)
    head[first] += embed[colon]
    head[second] += 0.9 * embed[colon]
    # Every token attends to all before it alike: what ends an answer is one of a few hundred.
    head[second, _SEEN] = 0.5 * HIDDEN**0.5
    zeros = ("q_proj", "k_proj", "v_proj", "o_proj", "down_proj", "mm_projector", "lora_B")
    for name, value in tensors.items():
        if any(part in name for part in zeros):
            tensors[name] = torch.zeros_like(value)
        elif name.startswith("model.") and name.endswith("norm.weight"):
            tensors[name] = torch.ones_like(value)
    attention = "model.layers.0.self_attn"
    tensors[f"{attention}.v_proj.weight"][0, _ANSWERED] = 1.0
    tensors[f"{attention}.o_proj.weight"][_SEEN, 0] = 2500.0 / HIDDEN**0.5
    tensors["model.embed_tokens.weight"], tensors["lm_head.weight"] = embed, head
