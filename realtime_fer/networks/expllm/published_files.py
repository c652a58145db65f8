"""Tensors of the published folder, read file by file: pytorch_model-*.bin with their index, or safetensors."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, missing_extra
from realtime_fer.networks.torch_archive import refusal

try:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from torch import Tensor
except ImportError as error:
    raise missing_extra("ExpLLM", "vlm", error) from error

_NAMES: Final = ("model.safetensors", "pytorch_model.bin")


class PublishedFiles:
    """Which files a folder's weights are in.

    Args:
        folder: with an index and the files it names, or with one file.

    Raises:
        ModelNotFoundError: there are no weights, or a file that the index names is missing.
        ModelCorruptError: the index cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names_of: dict[str, list[str]] | None = None
        for name in _NAMES:
            if (folder / f"{name}.index.json").is_file():
                self._names_of = _read_index(folder / f"{name}.index.json")
                self.files = sorted(self._names_of)
                break
            if (folder / name).is_file():
                self.files = [name]
                break
        else:
            raise ModelNotFoundError(
                f"{folder}: none of {', '.join(_NAMES)} and their indices; name a folder that holds a whole ExpLLM checkpoint"
            )
        for name in self.files:
            if not (folder / name).is_file():
                raise ModelNotFoundError(
                    f"{folder / name}: no such file, though the index names it; fetch the whole checkpoint"
                )

    def read(self, name: str) -> dict[str, Tensor]:
        """The tensors of one file, mapped and not copied, so that what is not used is not read.

        Raises:
            ModelCorruptError: the file cannot be read, holds anything but tensors, or other tensors than the index says.
        """
        path = self.folder / name
        try:
            if path.suffix == ".safetensors":
                stored = load_file(str(path))
            else:
                stored = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError, SafetensorError) as error:
            raise ModelCorruptError(
                f"{path}: {path.stat().st_size} bytes that cannot be read ({refusal(error)}); fetch it again, from its authors"
            ) from error
        if not isinstance(stored, dict) or not all(isinstance(value, Tensor) for value in stored.values()):
            raise ModelCorruptError(f"{path}: holds something else than tensors by name; expected weights")
        if self._names_of is not None and set(self._names_of[name]) != set(stored):
            different = sorted(set(self._names_of[name]) ^ set(stored))
            raise ModelCorruptError(f"{path}: its tensors are not those of the index ({different[0]}, ...); fetch both again")
        return stored

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every tensor, file by file."""
        for name in self.files:
            yield from self.read(name).items()

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every tensor, by published name."""
        return {name: tuple(value.shape) for name, value in self.tensors()}


def _read_index(path: Path) -> dict[str, list[str]]:
    """File name -> the tensors in it."""
    try:
        file_of = json.loads(path.read_text(encoding="utf-8"))["weight_map"]
        # A name with a folder in it would lead out of the checkpoint.
        if not file_of or not all(isinstance(name, str) and Path(name).name == name for name in file_of.values()):
            raise ValueError("a file name is not a plain name")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelCorruptError(f"{path}: is no index of weight files ({error!r}); fetch it again") from error
    names: dict[str, list[str]] = {}
    for tensor, name in file_of.items():
        names.setdefault(name, []).append(tensor)
    return names
