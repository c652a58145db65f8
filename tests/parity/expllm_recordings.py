"""The recordings of ExpLLM: their files, and the rule that weights are made by.

See the README beside the recordings. What was opened is noted, so that a forgotten file or array can be named.
"""

from __future__ import annotations

import os
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from realtime_fer.networks.expllm.sentencepiece_bpe import SentencePieceBpe
from tests.parity.recordings import Recordings

SYSTEM = "expllm"
_recordings = Recordings(SYSTEM)
FOLDER, opened = _recordings.folder, _recordings.opened
read_json, read_arrays = _recordings.read_json, _recordings.read_arrays

LLAMA_TOKENIZER = "REALTIME_FER_LLAMA_TOKENIZER"
"""Environment variable: path of LLaMA's tokenizer.model."""


def array(name: str, key: str) -> npt.NDArray[Any]:
    """One array of an .npz file."""
    return read_arrays(name)[key]


def arrays(name: str) -> set[str]:
    """Names of the arrays of a file; naming one reads none."""
    return set(read_arrays(name))


@cache
def picture(name: str) -> npt.NDArray[np.uint8]:
    """A picture: uint8 (H, W, 3), RGB."""
    opened.setdefault(f"images/{name}.png", set())
    image = cv2.imread(str(FOLDER / "images" / f"{name}.png"), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert image is not None, name
    return np.asarray(image[:, :, ::-1], np.uint8)


def weight(key: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """A tensor by the rule: the first line that fits."""
    z = np.random.Generator(np.random.PCG64(zlib.crc32(key.encode()))).standard_normal(shape)
    a, s = 0.0, 1.0 / np.sqrt(np.prod(shape[1:]))
    if key.endswith(("norm.weight", "norm1.weight", "norm2.weight", "layernorm.weight", ".gamma")):
        a, s = 1.0, 0.1
    elif key.endswith("bias"):
        s = 0.1
    elif key.endswith(("cls_token", "pos_embed", "mask_token")):
        s = 0.5
    elif key.endswith("embed_tokens.weight"):
        s = 1.0
    elif "lora_B" in key:
        s = 0.5 / np.sqrt(shape[1])
    elif key.endswith("lm_head.weight"):
        s = 2 / np.sqrt(shape[1])
    return (a + s * z).astype(np.float32)


@cache
def vocabulary() -> SentencePieceBpe:
    """LLaMA's, from the tokenizer.model that `LLAMA_TOKENIZER` names; skips the test where it names none.

    The file is not ours to ship, and the recordings do not hold it.
    """
    path = os.environ.get(LLAMA_TOKENIZER)
    if not path:
        pytest.skip(f"{LLAMA_TOKENIZER} is not set: tokenisation needs LLaMA's tokenizer.model")
    return SentencePieceBpe.from_file(Path(path))
