"""Tensors of the authors' files and of OPT's, mapped from disk rather than loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, missing_extra
from realtime_fer.networks.exp_blip.checkpoint_names import OPT_PREFIX
from realtime_fer.networks.torch_archive import refusal

try:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from torch import Tensor
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error

STATE_KEY: Final = "model"
SHOWN: Final = 3

_OPT_FILES: Final = ("*.safetensors", "pytorch_model*.bin")
"""The first kind that is there."""


def mapped_state(path: Path) -> dict[str, Tensor]:
    """The tensors that torch.save wrote under "model", or as they are; by name, on the CPU.

    Nothing in the file is run. Files that torch wrote since 1.6 are mapped, so that only what is used is read.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelCorruptError: it is no torch file, needs code to be read, or holds no tensors by name.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: expected a checkpoint of torch, found no file")
    with path.open("rb") as file:
        is_zip = file.read(4) == b"PK\x03\x04"
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except Exception as error:  # a broken pickle raises whatever it likes
        raise ModelCorruptError(
            f"{path}: torch cannot read it as plain tensors ({refusal(error)}); fetch the file again, from its authors"
        ) from error
    state = saved.get(STATE_KEY, saved) if isinstance(saved, Mapping) else None
    if not isinstance(state, Mapping) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        held = sorted(map(str, saved))[:SHOWN] if isinstance(saved, Mapping) else type(saved).__name__
        raise ModelCorruptError(f"{path}: expected tensors by name under {STATE_KEY!r}, found {held}")
    return {str(name): value for name, value in state.items()}


def opt_state(folder: Path) -> dict[str, Tensor]:
    """The tensors of facebook/opt-6.7b, by the names that the authors' files have for them.

    Args:
        folder: with its safetensors files, or its pytorch_model*.bin.

    Raises:
        ModelNotFoundError: there are none.
        ModelCorruptError: one cannot be read, or holds the same name as another.
    """
    paths = next((found for pattern in _OPT_FILES if (found := sorted(folder.glob(pattern)))), [])
    if not paths:
        raise ModelNotFoundError(f"{folder}: expected {' or '.join(_OPT_FILES)} of facebook/opt-6.7b, found none")
    state: dict[str, Tensor] = {}
    for path in paths:
        for name, value in _tensors(path).items():
            # Written with and without "model." in front over the years.
            plain = re.sub(r"^(?:model\.)?decoder\.", "model.decoder.", name)
            if OPT_PREFIX + plain in state:
                raise ModelCorruptError(f"{path}: holds {name} a second time; keep one set of files in {folder}")
            state[OPT_PREFIX + plain] = value
    return state


def _tensors(path: Path) -> dict[str, Any]:
    if path.suffix != ".safetensors":
        return mapped_state(path)
    try:
        loaded: dict[str, Any] = load_file(str(path))
    except (SafetensorError, OSError) as error:
        raise ModelCorruptError(f"{path}: is no safetensors file ({error}); fetch it again") from error
    return loaded
