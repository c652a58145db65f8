"""What a user may say about an import."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from realtime_fer.errors import SettingsError

if TYPE_CHECKING:
    from realtime_fer.zoo.catalogue import Importer

Dtype = Literal["bfloat16", "float16", "float32"]

_TAKES: Final[dict[Importer, tuple[str, ...]]] = {
    "emotion-gcn": ("embeddings", "size_px", "licence"),
    "fmpn": ("size_px", "licence"),
    "chain-of-affect": ("base", "licence"),
    "expllm": ("tokenizer", "dtype", "licence"),
    "exp-blip": ("opt", "dtype", "licence"),
    "as-is": (),
}


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

    def require_taken(self, importer: Importer | None) -> None:
        """Raise SettingsError for what this importer would pass over in silence; None is for a package, which takes nothing."""
        taken = _TAKES[importer] if importer else ()
        given = [field.name for field in fields(self) if getattr(self, field.name) is not None]
        wrong = next((name for name in given if name not in taken), None)
        if wrong is not None:
            what = "weights that are kept as they are" if importer == "as-is" else importer or "a package"
            takes = ", ".join(map(_flag, taken)) or "no options of weights"
            raise SettingsError(f"{_flag(wrong)}: has no meaning for {what}, which takes {takes}; leave it out")


def _flag(name: str) -> str:
    return "--size" if name == "size_px" else f"--{name}"
