"""Sizes of a Phi-3.5-vision model, as its config.json states them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import ModelShapeError
from realtime_fer.networks.json_settings import read_settings


@dataclass(frozen=True, slots=True)
class VisionTowerSizes:
    """The CLIP image encoder; config.json only names it. Tiles are always 336 px, patches 14 px.

    The defaults are those of CLIP ViT-L/14-336, the only tower that was published with this model.
    """

    hidden_size: int = 1024
    intermediate_size: int = 4096
    layers: int = 24
    heads: int = 16


CLIP_VIT_L_14_336: Final = VisionTowerSizes()


@dataclass(frozen=True, slots=True)
class Phi3VisionConfig:
    """Everything that fixes shapes and arithmetic.

    Attributes:
        vocab_size: rows of the embedding.
        hidden_size, intermediate_size, layers, heads, kv_heads: of the decoder.
        rms_norm_eps: of its norms.
        rope_theta: base of the rotary frequencies.
        short_factor, long_factor: what divides each rotary frequency, head_size / 2 values each.
        original_max_positions: keys up to which the short factors hold.
        max_positions: keys that the long factors were made for.
        bos_id, pad_id: token ids.
        tower: the image encoder.
    """

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    layers: int
    heads: int
    kv_heads: int
    rms_norm_eps: float
    rope_theta: float
    short_factor: tuple[float, ...]
    long_factor: tuple[float, ...]
    original_max_positions: int
    max_positions: int
    bos_id: int
    pad_id: int
    tower: VisionTowerSizes = field(default=CLIP_VIT_L_14_336)

    def __post_init__(self) -> None:
        if self.hidden_size % self.heads or self.head_size % 2:
            raise ModelShapeError(
                f"config: hidden_size {self.hidden_size} over {self.heads} attention heads is "
                f"{self.hidden_size / self.heads:g} channels a head; expected an even whole number"
            )
        for name, factors in (("short_factor", self.short_factor), ("long_factor", self.long_factor)):
            if len(factors) != self.head_size // 2:
                raise ModelShapeError(
                    f"config: rope_scaling.{name} has {len(factors)} values, expected {self.head_size // 2} (half a head)"
                )

    @property
    def head_size(self) -> int:
        """Channels of one attention head."""
        return self.hidden_size // self.heads

    @classmethod
    def from_file(cls, path: Path, tower: VisionTowerSizes = CLIP_VIT_L_14_336) -> Phi3VisionConfig:
        """Read a checkpoint's config.json.

        Raises:
            ModelNotFoundError: there is no such file.
            ModelCorruptError: it is not JSON.
            ModelShapeError: it describes another kind of model, or lacks a value.
        """
        return cls.from_values(read_settings(path), tower)

    @classmethod
    def from_values(cls, values: Mapping[str, Any], tower: VisionTowerSizes = CLIP_VIT_L_14_336) -> Phi3VisionConfig:
        """From the content of config.json.

        Raises:
            ModelShapeError: it describes another kind of model, or lacks a value.
        """
        for path, expected in _FIXED.items():
            if _value(values, path) != expected:
                raise ModelShapeError(f"config: {path} is {_value(values, path)!r}, only {expected!r} is known here")
        if _value(values, "img_processor.image_dim_out") != tower.hidden_size:
            raise ModelShapeError(
                f"config: img_processor.image_dim_out is {_value(values, 'img_processor.image_dim_out')}, "
                f"but the image encoder has {tower.hidden_size} channels"
            )
        kind = _value(values, "rope_scaling.type")
        if kind not in ("su", "longrope"):
            raise ModelShapeError(f"config: rope_scaling.type is {kind!r}, expected 'su' or 'longrope'")
        window, positions = values.get("sliding_window"), _value(values, "max_position_embeddings")
        if window is not None and window < positions:
            raise ModelShapeError(
                f"config: a sliding_window of {window} keys is not supported; expected none within {positions}"
            )
        return cls(
            vocab_size=_value(values, "vocab_size"),
            hidden_size=_value(values, "hidden_size"),
            intermediate_size=_value(values, "intermediate_size"),
            layers=_value(values, "num_hidden_layers"),
            heads=_value(values, "num_attention_heads"),
            kv_heads=_value(values, "num_key_value_heads"),
            rms_norm_eps=_value(values, "rms_norm_eps"),
            rope_theta=_value(values, "rope_theta"),
            short_factor=tuple(_value(values, "rope_scaling.short_factor")),
            long_factor=tuple(_value(values, "rope_scaling.long_factor")),
            original_max_positions=_value(values, "original_max_position_embeddings"),
            max_positions=positions,
            bos_id=_value(values, "bos_token_id"),
            pad_id=_value(values, "pad_token_id"),
            tower=tower,
        )


_FIXED: Final = {
    "hidden_act": "silu",
    "tie_word_embeddings": False,
    "img_processor.name": "clip_vision_model",
    "img_processor.model_name": "openai/clip-vit-large-patch14-336",
    "img_processor.num_img_tokens": 144,
    "embd_layer.hd_transform_order": "sub_glb",
    "embd_layer.projection_cls": "mlp",
    "embd_layer.use_hd_transform": True,
    "embd_layer.with_learnable_separator": True,
}
"""What the published configuration says and this code takes for granted."""


def _value(values: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path."""
    found: Any = values
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            raise ModelShapeError(f"config: {path} is missing; expected the config.json of a Phi-3.5-vision checkpoint")
        found = found[part]
    return found
