"""The sizes of ExpLLM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import ModelShapeError
from realtime_fer.networks.json_settings import read_settings

PATCH_PX: Final = 14
INPUT_PX: Final = 224
"""Side of the picture the network sees."""
TABLE_PX: Final = 518
"""Side of the picture that the published table of positions was made for."""
GRID: Final = INPUT_PX // PATCH_PX
TABLE_GRID: Final = TABLE_PX // PATCH_PX
PATCH_COUNT: Final = GRID * GRID
"""Tokens one picture takes in the prompt."""


@dataclass(frozen=True, slots=True)
class VisionSizes:
    """Of the DINOv2 encoder; the defaults are ViT-L/14 without registers."""

    hidden_size: int = 1024
    layers: int = 24
    heads: int = 16
    mlp_ratio: int = 4
    layer_norm_eps: float = 1e-6


@dataclass(frozen=True, slots=True)
class LanguageSizes:
    """Of the LLaMA decoder; the defaults are Vicuna-7B v1.5."""

    vocab_size: int = 32000
    hidden_size: int = 4096
    intermediate_size: int = 11008
    layers: int = 32
    heads: int = 32
    kv_heads: int = 32
    rms_norm_eps: float = 1e-5
    max_positions: int = 4096
    rope_theta: float = 10000.0


@dataclass(frozen=True, slots=True)
class ExpLlmConfig:
    """Everything that decides the shapes; the defaults are as published.

    Attributes:
        rank, alpha, dropout: of the adapters on the q and v projections of both encoders; rank 0 means none.
        image_token_id: stands for one patch in a prompt; never looked up in the embedding table.
        bos_id, eos_id, pad_id: what begins a text, ends an answer, fills a row.

    Raises:
        ModelShapeError: sizes that contradict each other.
    """

    vision: VisionSizes = field(default=VisionSizes())
    language: LanguageSizes = field(default=LanguageSizes())
    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.05
    image_token_id: int = 32000
    bos_id: int = 1
    eos_id: int = 2
    pad_id: int = 0

    def __post_init__(self) -> None:
        for what, width, heads in (
            ("vision", self.vision.hidden_size, self.vision.heads),
            ("language", self.language.hidden_size, self.language.heads),
        ):
            if heads < 1 or width % heads:
                raise ModelShapeError(f"config: {what} width {width} does not divide into {heads} attention heads")
        if self.rank < 0:
            raise ModelShapeError(f"config: LoRA rank is {self.rank}, expected 0 (none) or more")

    @classmethod
    def from_file(cls, path: Path, vision: VisionSizes | None = None) -> ExpLlmConfig:
        """Read the config.json of a published folder (model_type "locllm").

        Raises:
            ModelNotFoundError: there is no such file.
            ModelCorruptError: it is not JSON.
            ModelShapeError: it describes another kind of model.
        """
        return cls.from_values(read_settings(path), vision)

    @classmethod
    def from_values(cls, values: Mapping[str, Any], vision: VisionSizes | None = None) -> ExpLlmConfig:
        """From the content of config.json. What it leaves out is as published.

        Args:
            values: of the published class (LLaMA's names, lora_llm_*, lora_vision_*, num_patches, im_patch_token).
            vision: sizes of the image encoder, which the file does not state; None for ViT-L/14.

        Raises:
            ModelShapeError: it describes another kind of model.
        """
        if not isinstance(values, Mapping):
            raise ModelShapeError(f"config: expected the settings of a checkpoint, found {type(values).__name__}")
        for name, expected in _FIXED.items():
            if values.get(name, expected) != expected:
                raise ModelShapeError(f"config: {name} is {values[name]!r}, only {expected!r} is known here")
        heads = values.get("num_attention_heads", 32)
        published = cls()
        language = LanguageSizes(
            **{own: values[name] for own, name in _LANGUAGE.items() if name in values and own != "kv_heads"},
            kv_heads=values.get("num_key_value_heads") or heads,
        )
        return cls(
            vision=vision or VisionSizes(),
            language=language,
            rank=_both(values, "r", published.rank) if _both(values, "enable", True) else 0,
            alpha=_both(values, "alpha", published.alpha),
            dropout=_both(values, "dropout", published.dropout),
            image_token_id=int(values.get("im_patch_token", language.vocab_size)),
            bos_id=_known(values.get("bos_token_id"), published.bos_id),
            eos_id=_known(values.get("eos_token_id"), published.eos_id),
            pad_id=_known(values.get("pad_token_id"), published.pad_id),
        )


_FIXED: Final = {
    "hidden_act": "silu",
    "tie_word_embeddings": False,
    "num_patches": PATCH_COUNT,
    "crop_size": INPUT_PX,
}
"""What the published configuration says and this code takes for granted."""

_LANGUAGE: Final = {
    "vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "intermediate_size": "intermediate_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "kv_heads": "num_key_value_heads",
    "rms_norm_eps": "rms_norm_eps",
    "max_positions": "max_position_embeddings",
    "rope_theta": "rope_theta",
}


def _both(values: Mapping[str, Any], setting: str, otherwise: Any) -> Any:
    """A LoRA setting, which the file states for each encoder and which is one for both here."""
    llm, vision = (values.get(f"lora_{which}_{setting}", otherwise) for which in ("llm", "vision"))
    if llm != vision:
        raise ModelShapeError(
            f"config: lora_llm_{setting} is {llm!r} and lora_vision_{setting} {vision!r}; only one for both is known here"
        )
    return llm


def _known(value: int | None, otherwise: int) -> int:
    """An id of the file; old files write -1 or null for "not set"."""
    return otherwise if value is None or value < 0 else int(value)
