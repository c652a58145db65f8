"""The recordings of Emotion-GCN: their files, and the rules that weights and pictures are made by.

See the README beside the recordings. What was opened is noted, so that a forgotten file or array can be named.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.parity.recordings import Recordings

SYSTEM = "emotion-gcn"
_recordings = Recordings(SYSTEM)
FOLDER, opened = _recordings.folder, _recordings.opened
read_json, read_arrays = _recordings.read_json, _recordings.read_arrays

FloatArray = npt.NDArray[np.floating[Any]]


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
