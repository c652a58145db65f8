"""The recordings of Emotion-GCN: their files, and the rules that weights and pictures are made by.

See the README beside the recordings. What was opened is noted, so that a forgotten file or array can be named.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.parity.conftest import PARITY

SYSTEM = "emotion-gcn"
FOLDER = PARITY / SYSTEM

opened: dict[str, set[str]] = {}
"""File name -> arrays read (empty for other files)."""

FloatArray = npt.NDArray[np.floating[Any]]


@cache
def read_json(name: str) -> Any:
    """A JSON file of the recordings; an empty dictionary where this set has none."""
    path = FOLDER / name
    if not path.is_file():
        return {}
    opened.setdefault(name, set())
    return json.loads(path.read_text(encoding="utf-8"))


class Arrays(Mapping[str, npt.NDArray[Any]]):
    """An .npz file that notes what was read from it."""

    def __init__(self, name: str) -> None:
        self._name = name
        with np.load(FOLDER / name) as file:
            self._arrays = dict(file)
        opened.setdefault(name, set())

    def __getitem__(self, key: str) -> npt.NDArray[Any]:
        opened[self._name].add(key)
        return self._arrays[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


@cache
def read_arrays(name: str) -> Arrays:
    return Arrays(name)


def cases(kind: str) -> list[dict[str, Any]]:
    """Those of one kind, as the index has them."""
    return [case for case in read_json("index.json").get("cases", []) if case["kind"] == kind]


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed * 2**32 + zlib.crc32(name.encode())))


def recorded_adjacency() -> FloatArray:
    return np.array(read_json("adjacency.json")["A"])


def weight(seed: int, key: str, shape: tuple[int, ...], perturbed: bool) -> npt.NDArray[Any]:
    """A tensor by the rule: the first line that fits.

    Args:
        perturbed: whether the graph's A differs from the recorded one.
    """
    last = key.rpartition(".")[2]
    if last == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    z: FloatArray = _generator(seed, key).standard_normal(shape)
    if last == "running_mean":
        z = 0.1 * z
    elif last == "running_var":
        z = 0.5 + np.abs(z)
    elif key == "A":
        z = recorded_adjacency().astype(np.float32) + (0.05 * np.abs(z) if perturbed else 0)
    elif last in ("_a", "_c"):
        z = 1 + 0.2 * z
    elif last == "bias":
        z = 0.1 * z
    elif len(shape) == 1:
        z = 1 + 0.1 * z
    else:
        z = z * np.sqrt(2 / np.prod(shape[1:]))
    return z.astype(np.float32)


def image(seed: int, name: str, n: int, height: int, width: int) -> npt.NDArray[np.float32]:
    """Pictures by the rule: float32 (n, 3, H, W), RGB in [0, 1]."""
    generator = _generator(seed, name)
    fine = generator.random((n, 3, height, width))
    coarse = generator.random((n, 3, -(-height // 16), -(-width // 16)))
    blocks = coarse.repeat(16, axis=2).repeat(16, axis=3)[:, :, :height, :width]
    x = (0.5 * blocks + 0.5 * fine) * np.array([1, 0.8, 0.6])[:, None, None]
    x[0::2] *= (np.arange(width) + 1) / width
    x[1::2] *= 0.4 * (np.arange(height) + 1)[:, None] / height
    return x.astype(np.float32)


def word_embeddings(seed: int) -> npt.NDArray[np.float32]:
    return (0.4 * _generator(seed, "word_embeddings").standard_normal((9, 300))).astype(np.float32)
