"""Tensors by name: read from what torch.save wrote, and compared with those of a network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, missing_extra
from realtime_fer.networks.tensor_shapes import SHOWN, some_of
from realtime_fer.networks.torch_archive import is_archive, refusal

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("reading weights", "train", error) from error

State = Mapping[str, Tensor]


def load_plain(path: Path, what: str, *, mapped: bool = False) -> Any:
    """What torch.save wrote, on the CPU; no code in the file is run.

    Args:
        what: was expected, for the message.
        mapped: from disk rather than loaded, so that only what is used is read; where torch 1.6 or newer wrote it.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelCorruptError: it is no torch file, or needs code to be read.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: expected {what}, found no file")
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped and is_archive(path))
    except Exception as error:  # a broken pickle raises whatever it likes
        raise ModelCorruptError(
            f"{path}: torch cannot read it as plain tensors ({refusal(error)}); name the right file, or fetch the file again"
        ) from error


def require_state(saved: Any, path: Path, what: str) -> dict[str, Tensor]:
    """The tensors of a state dictionary, which `saved` must be.

    Args:
        what: was expected, for the message.

    Raises:
        ModelCorruptError: it is empty, or holds something else than tensors by name.
    """
    if not isinstance(saved, Mapping) or not saved or not all(isinstance(value, Tensor) for value in saved.values()):
        entries = isinstance(saved, Mapping) and saved
        found = f"entries {some_of(sorted(map(str, saved)))}" if entries else type(saved).__name__
        raise ModelCorruptError(f"{path}: expected {what} (tensors by name), found {found}")
    return {str(name): value for name, value in saved.items()}


def require_same_tensors(found: State, expected: State, what: str) -> None:
    """Raise unless both have the same names, shapes and kinds of number.

    Raises:
        ModelCorruptError: names are missing or unexpected.
        ModelShapeError: a shape differs, or a tensor of numbers with fractions holds integers (or the other way round).
    """
    missing, unexpected = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    problems = [
        f"{len(names)} {kind} ({some_of(names)})" for kind, names in (("missing", missing), ("unexpected", unexpected)) if names
    ]
    if problems:
        raise ModelCorruptError(
            f"{what}: of {len(expected)} expected tensors, {' and '.join(problems)}; is it the file of another network?"
        )
    wrong = [
        f"{name} is {_form(found[name])}, expected {_form(value)}"
        for name, value in sorted(expected.items())
        if found[name].shape != value.shape or found[name].is_floating_point() != value.is_floating_point()
    ]
    if wrong:
        shown = "; ".join(wrong[:SHOWN])
        raise ModelShapeError(f"{what}: {len(wrong)} of {len(expected)} tensors have another form: {shown}")


def _form(value: Tensor) -> str:
    return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
