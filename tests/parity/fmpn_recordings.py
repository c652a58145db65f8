"""The recordings of FMPN-FER: their files, and the rules that weights and pictures are made by.

See the README beside the recordings. What was opened is noted, so that a forgotten file or array can be named.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.parity.recordings import Recordings

SYSTEM = "fmpn"
_recordings = Recordings(SYSTEM)
FOLDER, opened = _recordings.folder, _recordings.opened
read_json, read_arrays = _recordings.read_json, _recordings.read_arrays

NET_SEED_OFFSETS = {"resface": 0, "fusion": 1000, "cls": 2000}


def published_masks(dataset: str, name: str) -> Path | None:
    """A mask file of the original repository, in the data folder beside the recordings or in the usual place."""
    shared = (FOLDER.parents[1], Path(__file__).parents[3] / "shared")
    paths = [folder / "data" / SYSTEM / dataset / name for folder in shared]
    return next((path for path in paths if path.is_file()), None)


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed * 4294967296 + zlib.crc32(name.encode())))


def weight(seed: int, key: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A tensor by the rule: the first line that fits."""
    if key.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    z = _generator(seed, key).standard_normal(shape)
    if key.endswith(("running_mean", "bias")):
        z = 0.1 * z
    elif key.endswith("running_var"):
        z = 0.4 + 0.75 * np.abs(z)
    elif shape == (1,):
        z = 0.25 + 0.05 * z
    elif len(shape) == 1:
        z = 1 + 0.1 * z
    else:
        z = z * np.sqrt(2 / np.prod(shape[1:]))
    return z.astype(np.float32)


def sha256_of(tensors: Mapping[str, npt.NDArray[Any]]) -> str:
    """Of all tensors' bytes in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()


def pictures(seed: int, name: str, n: int, c: int, height: int, width: int) -> npt.NDArray[np.float32]:
    """float32 (n, c, height, width) by the rule: coarse blocks and fine grain under a slope."""
    g = _generator(seed, name)
    fine = g.random((n, c, height, width))
    coarse = g.random((n, c, -(-height // 16), -(-width // 16)))
    x = 0.5 * coarse.repeat(16, axis=2).repeat(16, axis=3)[:, :, :height, :width] + 0.5 * fine
    x *= np.array([1, 0.8, 0.6])[:c, None, None]
    along_columns = ((np.arange(width) + 1) / width)[None, None, :]
    along_rows = (0.4 * (np.arange(height) + 1) / height)[None, :, None]
    for i in range(n):
        x[i] *= along_rows if i % 2 else along_columns
    return x.astype(np.float32)


def grey_of(rgb: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """float32 (n, 1, H, W) by the recordings' own formula, without rounding to whole levels."""
    red, green, blue = (rgb[:, k : k + 1].astype(np.float64) for k in range(3))
    return np.asarray(0.299 * red + 0.587 * green + 0.114 * blue, np.float32)
