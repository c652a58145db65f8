"""What a user may say about an import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Dtype = Literal["bfloat16", "float16", "float32"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Each is for some systems only, and None takes what is usual there.

    Attributes:
        embeddings: word vectors of an Emotion-GCN.
        size_px: side of the faces that a classifier was trained on.
        opt: folder of facebook/opt-6.7b, for Exp-BLIP.
        base: folder of the base model, for Chain-of-Affect; the adapter is checked against it.
        tokenizer: folder with the tokenizer's files, for an ExpLLM checkpoint without.
        dtype: that the language model's weights are stored in.
        licence: SPDX identifier, where the user knows it.
    """

    embeddings: Path | None = None
    size_px: int | None = None
    opt: Path | None = None
    base: Path | None = None
    tokenizer: Path | None = None
    dtype: Dtype | None = None
    licence: str | None = None
