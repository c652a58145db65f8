"""The recordings of Phi-3.5-vision: their files, and the rules that weights and pictures are made by.

See the README beside the recordings. What was opened is noted, so that a forgotten file or array can be named.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.parity.recordings import Recordings

SYSTEM = "phi3v"
_recordings = Recordings(SYSTEM)
FOLDER, opened, read_arrays = _recordings.folder, _recordings.opened, _recordings.read_arrays
DEFAULT_FOLDER = Path(__file__).parents[3] / "shared" / "parity" / SYSTEM


def find(name: str) -> Path | None:
    """A file of the recordings; the tokenizer and the sizes may also stand in the usual folder alone."""
    return next((folder / name for folder in (FOLDER, DEFAULT_FOLDER) if (folder / name).exists()), None)


@cache
def read_json(name: str) -> Any:
    """A JSON file of the recordings; an empty dictionary where this set has none."""
    path = FOLDER / name if (FOLDER / name).is_file() else None
    if path is None and name in ("tiny_config.json", "images.json"):
        path = find(name)
    if path is None:
        return {}
    opened.setdefault(name, set())
    return json.loads(path.read_text(encoding="utf-8"))


def expanded(runs: Iterable[Any]) -> list[int]:
    """Undo run-length coding: integers, or [integer, repeat]."""
    ids: list[int] = []
    for run in runs:
        ids += [run] if isinstance(run, int) else [run[0]] * run[1]
    return ids


def picture(name: str) -> npt.NDArray[np.uint8]:
    """A picture by the rule: uint8 (H, W, 3), RGB."""
    about = read_json("images.json")[name]
    k = about["k"]
    y, x = np.mgrid[: about["height"], : about["width"]].astype(np.int64)
    red = (3 * x + 5 * y + (x * y) // 7 + 17 * k) % 256
    green = (7 * x + 2 * y + (x * x) // 11 + 29 * k) % 256
    blue = (((x ^ y) * 5) + 13 + 41 * k) % 256
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def _normal(key: str, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    return np.random.Generator(np.random.PCG64(zlib.crc32(key.encode()))).standard_normal(shape)


def weight(key: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """A tensor of the model by the rule: the first line that fits."""
    d = _normal(key, shape)
    parts = key.split(".")
    if parts[-1] == "bias":
        d = 0.1 * d
    elif parts[-1] in ("glb_GN", "sub_GN", "class_embedding"):
        d = 0.5 * d
    elif "norm" in parts[-2]:
        d = 1 + 0.1 * d
    elif key.endswith("position_embedding.weight"):
        d = 0.5 * d
    elif key.endswith("embed_tokens.weight"):
        pass
    elif key.endswith("patch_embedding.weight"):
        d = d / np.sqrt(3 * 14 * 14)
    elif key.endswith("lm_head.weight"):
        d = 2 * d / np.sqrt(shape[-1])
    elif key.endswith("qkv_proj.weight"):
        d = 1.5 * d / np.sqrt(shape[-1])
    else:
        d = d / np.sqrt(shape[-1])
    return d.astype(np.float32)


def adapter_tensor(key: str, shape: tuple[int, ...], rank: int) -> npt.NDArray[np.float32]:
    """A tensor of the adapter by the rule."""
    d = _normal(key, shape)
    if key.endswith("lora_embedding_A"):
        d = 0.5 * d
    elif key.endswith("lora_embedding_B"):
        d = 0.5 * d / np.sqrt(rank)
    elif key.endswith("lora_A.weight"):
        d = d / np.sqrt(shape[-1])
    else:
        d = 0.3 * d / np.sqrt(rank)
    return d.astype(np.float32)
