"""The recordings of Exp-BLIP: their files, and the rule that weights are made by.

See the README beside the recordings. What was opened is noted, so that a forgotten file or array can be named.
"""

from __future__ import annotations

import zlib
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tests.parity.recordings import Recordings

SYSTEM = "exp-blip"
_recordings = Recordings(SYSTEM)
FOLDER, opened = _recordings.folder, _recordings.opened
read_json, read_arrays = _recordings.read_json, _recordings.read_arrays

# First rule that fits: (ends of the key, offset, spread); None spreads by the number of inputs.
_NORMS = ("norm.weight", "norm1.weight", "norm2.weight", "layernorm.weight", "LayerNorm.weight", "layer_norm.weight")
_RULES: tuple[tuple[tuple[str, ...], float, float], ...] = (
    ((*_NORMS, "ln_vision.weight"), 1.0, 0.1),
    (("bias",), 0.0, 0.1),
    (("cls_token", "pos_embed", "query_tokens"), 0.0, 0.5),
    (("opt_model.model.decoder.embed_tokens.weight",), 0.0, 0.2),
    (("opt_model.model.decoder.embed_positions.weight",), 0.0, 0.6),
    (("position_embeddings.weight",), 0.0, 0.3),
    (("word_embeddings.weight",), 0.0, 1.0),
)
TIED = {
    "opt_model.lm_head.weight": "opt_model.model.decoder.embed_tokens.weight",
    "Qformer.cls.predictions.decoder.weight": "Qformer.bert.embeddings.word_embeddings.weight",
    "Qformer.cls.predictions.decoder.bias": "Qformer.cls.predictions.bias",
}
_TEMPERATURE = 0.07


def picture_names() -> list[str]:
    return sorted(path.stem for path in (FOLDER / "images").glob("*.png"))


def picture(name: str) -> npt.NDArray[np.uint8]:
    """A recorded picture: uint8 (H, W, 3), RGB."""
    image = cv2.imread(str(FOLDER / "images" / f"{name}.png"))
    assert image is not None
    opened.setdefault(f"images/{name}.png", set())
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def weight(key: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A tensor of the original model by the rule; `position_ids` count upwards."""
    if key.endswith("position_ids"):
        return np.arange(shape[-1])[None]
    if key == "temp":
        return np.asarray(_TEMPERATURE, np.float32)
    key = TIED.get(key, key)
    z = np.random.Generator(np.random.PCG64(zlib.crc32(key.encode()))).standard_normal(shape)
    for ends, offset, spread in _RULES:
        if key.endswith(ends):
            return (offset + spread * z).astype(np.float32)
    return (z / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
