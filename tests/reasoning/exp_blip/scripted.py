"""An Exp-BLIP in the authors' layout that writes a caption given beforehand: its table of positions says each next token.

Nothing of the picture tells.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import pre_tokenizers

from realtime_fer.networks.exp_blip.checkpoint_names import OPT_PREFIX
from realtime_fer.networks.exp_blip.convert import convert_exp_blip
from realtime_fer.networks.exp_blip.model import ExpBlip
from realtime_fer.networks.exp_blip.sizes import ExpBlipSizes
from realtime_fer.networks.exp_blip.tokenizer import SPECIAL
from tests.networks.exp_blip.tiny import SIZES, published_state

CAPTION = ("the", " lip corners", " are", " slightly", " pulled upwards", " and", " the", " brows", " are", " lowered.")
CAPTION_END = (" this", " indicates", " happiness.")
PIECES = (*CAPTION, *CAPTION_END)

POSITION_OFFSET = 2
"""Rows of OPT's table of positions that no token has."""


def scripted_vocabulary() -> dict[str, int]:
    """The bytes, and the words of the caption, as OPT's files write blanks."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = dict.fromkeys(piece.replace(" ", "Ġ") for piece in PIECES)
    return {token: number for number, token in enumerate([*SPECIAL, *alphabet, *words])}


def write_scripted(folder: Path) -> tuple[Path, Path, ExpBlipSizes]:
    """The authors' trimmed file, a folder of OPT with its weights and vocabulary, and the sizes of both."""
    (folder / "opt").mkdir(parents=True)
    vocabulary = scripted_vocabulary()
    sizes = replace(SIZES, opt_words=len(vocabulary) + 1, opt_end_id=vocabulary["Ċ"], image_token_id=len(vocabulary))
    with torch.device("meta"):
        empty = ExpBlip(sizes)
    state = published_state(empty)
    _script(state, [vocabulary[piece.replace(" ", "Ġ")] for piece in PIECES], sizes)
    opt = {name.removeprefix(OPT_PREFIX + "model."): state.pop(name) for name in list(state) if name.startswith(OPT_PREFIX)}
    del opt[next(name for name in opt if name.endswith("lm_head.weight"))]
    save_file({f"model.{name}": value.clone() for name, value in opt.items()}, str(folder / "opt" / "model.safetensors"))
    (folder / "opt" / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "opt" / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    torch.save({"model": state}, folder / "exp_blip.pth")
    return folder / "exp_blip.pth", folder / "opt", sizes


def converted_scripted(folder: Path) -> Path:
    """The folder that conversion makes of `write_scripted`'s files."""
    path, opt, sizes = write_scripted(folder)
    convert_exp_blip(path, folder / "converted", opt, dtype=torch.float32, sizes=sizes, max_file_bytes=20_000)
    return folder / "converted"


def _script(state: dict[str, torch.Tensor], caption: list[int], sizes: ExpBlipSizes) -> None:
    for name, value in state.items():
        if name.startswith(OPT_PREFIX) and ("out_proj" in name or "fc2" in name or name.endswith("bias")):
            state[name] = torch.zeros_like(value)
        elif name.startswith(OPT_PREFIX) and "norm" in name:
            state[name] = torch.ones_like(value)
    words = next(name for name in state if name.endswith("embed_tokens.weight"))
    positions = next(name for name in state if name.startswith(OPT_PREFIX) and "embed_positions" in name)
    table = torch.randn(state[words].shape, generator=torch.Generator().manual_seed(0))
    table = table - table.mean(dim=1, keepdim=True)
    table = table / table.norm(dim=1, keepdim=True)
    state[positions] = torch.zeros_like(state[positions])
    first = POSITION_OFFSET + sizes.queries
    for place, token in enumerate([*caption, sizes.opt_end_id]):
        state[positions][first + place] = 100 * table[token]
    for name in state:
        if name.startswith(OPT_PREFIX) and (name.endswith("embed_tokens.weight") or name.endswith("lm_head.weight")):
            state[name] = table
