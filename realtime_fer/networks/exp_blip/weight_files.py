"""Tensors of the authors' files and of OPT's, mapped from disk rather than loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, missing_extra
from realtime_fer.networks.exp_blip.checkpoint_names import OPT_PREFIX
from realtime_fer.networks.safetensors_shards import read_tensors
from realtime_fer.networks.state_dict import load_plain, require_state

try:
    from torch import Tensor
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error

STATE_KEY: Final = "model"

_OPT_FILES: Final = ("*.safetensors", "pytorch_model*.bin")
"""The first kind that is there."""


def mapped_state(path: Path) -> dict[str, Tensor]:
    """The tensors that torch.save wrote under "model", or as they are; by name, on the CPU.

    Nothing in the file is run. Files that torch wrote since 1.6 are mapped, so that only what is used is read.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelCorruptError: it is no torch file, needs code to be read, or holds no tensors by name.
    """
    saved = load_plain(path, "a checkpoint of torch", mapped=True)
    state = saved.get(STATE_KEY, saved) if isinstance(saved, Mapping) else saved
    return require_state(state, path, f"weights, bare or under {STATE_KEY!r}")


def opt_state(folder: Path) -> dict[str, Tensor]:
    """The tensors of facebook/opt-6.7b, by the names that the authors' files have for them.

    Args:
        folder: with its safetensors files, or its pytorch_model*.bin.

    Raises:
        ModelNotFoundError: there are none.
        ModelCorruptError: one cannot be read, or holds the same name as another.
    """
    state: dict[str, Tensor] = {}
    paths = opt_files(folder)
    if not paths:
        raise ModelNotFoundError(f"{folder}: expected {' or '.join(_OPT_FILES)} of facebook/opt-6.7b, found none")
    for path in paths:
        for name, value in read_tensors(path, "weights of facebook/opt-6.7b").items():
            # Written with and without "model." in front over the years.
            plain = re.sub(r"^(?:model\.)?decoder\.", "model.decoder.", name)
            if OPT_PREFIX + plain in state:
                raise ModelCorruptError(f"{path}: holds {name} a second time; keep one set of files in {folder}")
            state[OPT_PREFIX + plain] = value
    return state


def opt_files(folder: Path) -> list[Path]:
    """The files that `opt_state` reads; none where the folder has no weights."""
    return next((found for pattern in _OPT_FILES if (found := sorted(folder.glob(pattern)))), [])
