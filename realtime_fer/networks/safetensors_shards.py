"""Tensors of a checkpoint folder in safetensors form, read one at a time; and those of one file, of safetensors or torch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, missing_extra
from realtime_fer.networks.state_dict import load_plain, require_state

try:
    import torch
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load_file
    from torch import Tensor
except ImportError as error:
    raise missing_extra("Reading safetensors", "vlm", error) from error

SINGLE_FILE: Final = "model.safetensors"
INDEX_FILE: Final = "model.safetensors.index.json"

_POINTER: Final = b"version https://git-lfs"


class Shards:
    """Which tensors a folder holds, and in which file.

    Args:
        folder: with model.safetensors.index.json and the files it names, or with model.safetensors alone.

    Raises:
        ModelNotFoundError: neither is there, or a file that the index names is not.
        ModelCorruptError: the index or a file's header cannot be read, a file is cut short, or a tensor is not where the index
            says.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        index = folder / INDEX_FILE
        self._shapes: dict[str, tuple[int, ...]] = {}
        if index.is_file():
            self._file_of = read_weight_map(index)
        elif (folder / SINGLE_FILE).is_file():
            with _opened(folder / SINGLE_FILE) as file:
                self._file_of = dict.fromkeys(file.keys(), SINGLE_FILE)
        else:
            raise ModelNotFoundError(f"{folder}: neither {INDEX_FILE} nor {SINGLE_FILE}; name a folder that holds a checkpoint")
        for name in sorted(set(self._file_of.values())):
            self._read_shapes(name)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every tensor, by name; from the headers alone."""
        return dict(self._shapes)

    def tensors(self, device: torch.device) -> Iterator[tuple[str, Tensor]]:
        """Every tensor as it is stored, file by file; one file is open at a time and one tensor in memory.

        Raises:
            ModelCorruptError: a file has become unreadable.
        """
        for name in sorted(set(self._file_of.values())):
            with _opened(self.folder / name, device) as file:
                for key in file.keys():  # noqa: SIM118  (not a mapping)
                    if self._file_of.get(key) == name:
                        yield key, file.get_tensor(key)

    def _read_shapes(self, name: str) -> None:
        with _opened(self.folder / name) as file:
            stored = set(file.keys())
            for key in (key for key, where in self._file_of.items() if where == name):
                if key not in stored:
                    raise ModelCorruptError(
                        f"{self.folder / name}: lacks {key}, which {INDEX_FILE} says is there; fetch both again"
                    )
                self._shapes[key] = tuple(file.get_slice(key).get_shape())


def read_weight_map(path: Path) -> dict[str, str]:
    """The file that each tensor is in, from an index of safetensors or torch files.

    Raises:
        ModelCorruptError: it cannot be read, names no tensor, or a file elsewhere.
    """
    try:
        file_of = json.loads(path.read_text(encoding="utf-8"))["weight_map"]
        # A name with a folder in it would lead out of the checkpoint.
        if not file_of or not all(isinstance(name, str) and Path(name).name == name for name in file_of.values()):
            raise ValueError("a file name is not a plain name")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelCorruptError(f"{path}: is no index of weight files ({error!r}); fetch it again") from error
    return dict(file_of)


def read_tensors(path: Path, what: str) -> dict[str, Tensor]:
    """Every tensor of one file of safetensors or torch, by name, on the CPU; mapped from disk rather than loaded.

    Args:
        what: was expected, for the message.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelCorruptError: it cannot be read, needs code to be read, or holds anything but tensors by name.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: expected {what}, found no file")
    with path.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise ModelCorruptError(f"{path}: a pointer of git-lfs, not the file; run git lfs install and git lfs pull there")
    if path.suffix != ".safetensors":
        return require_state(load_plain(path, what, mapped=True), path, what)
    try:
        return load_file(str(path))
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ModelCorruptError:
    size = path.stat().st_size
    hint = "a pointer to large-file storage, not the file" if size < 1024 else "cut short or damaged"
    return ModelCorruptError(f"{path}: {size} bytes that are no safetensors file ({error}); {hint}? fetch it again")


@contextmanager
def _opened(path: Path, device: torch.device | None = None) -> Iterator[Any]:
    """The file, or an error that says what is wrong with it."""
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: no such file, though {INDEX_FILE} names it; fetch the whole checkpoint")
    try:
        with safe_open(str(path), framework="pt", device=str(device or "cpu")) as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, error) from error
