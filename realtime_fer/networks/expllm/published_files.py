"""Tensors of the published folder, read file by file: pytorch_model-*.bin with their index, or safetensors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, missing_extra
from realtime_fer.networks.safetensors_shards import read_tensors, read_weight_map

try:
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
        stored = read_tensors(path, "weights")
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
    names: dict[str, list[str]] = {}
    for tensor, name in read_weight_map(path).items():
        names.setdefault(name, []).append(tensor)
    return names
