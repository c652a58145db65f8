from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError
from realtime_fer.networks.phi3_vision.config import CLIP_VIT_L_14_336, Phi3VisionConfig, VisionTowerSizes


@pytest.fixture
def values() -> dict[str, Any]:
    return {
        "vocab_size": 100,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "rope_scaling": {"type": "su", "short_factor": [1, 2, 3, 4], "long_factor": [5, 6, 7, 8]},
        "original_max_position_embeddings": 64,
        "max_position_embeddings": 256,
        "sliding_window": 262144,
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "pad_token_id": 3,
        "img_processor": {
            "name": "clip_vision_model",
            "model_name": "openai/clip-vit-large-patch14-336",
            "image_dim_out": 1024,
            "num_img_tokens": 144,
        },
        "embd_layer": {
            "hd_transform_order": "sub_glb",
            "projection_cls": "mlp",
            "use_hd_transform": True,
            "with_learnable_separator": True,
        },
    }


def test_sizes_are_read(tmp_path: Path, values: dict[str, Any]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(values))
    config = Phi3VisionConfig.from_file(tmp_path / "config.json")
    assert (config.vocab_size, config.hidden_size, config.intermediate_size, config.layers) == (100, 32, 48, 2)
    assert (config.heads, config.kv_heads, config.head_size) == (4, 4, 8)
    assert (config.short_factor, config.long_factor) == ((1, 2, 3, 4), (5, 6, 7, 8))
    assert (config.original_max_positions, config.max_positions, config.bos_id, config.pad_id) == (64, 256, 1, 3)
    assert config.tower == CLIP_VIT_L_14_336 == VisionTowerSizes(1024, 4096, 24, 16)


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"config\.json: no such file"):
        Phi3VisionConfig.from_file(tmp_path / "config.json")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelCorruptError, match="cannot be read as JSON"):
        Phi3VisionConfig.from_file(tmp_path / "config.json")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("hidden_act", "gelu", "hidden_act is 'gelu'"),
        ("tie_word_embeddings", True, "tie_word_embeddings"),
        ("img_processor.model_name", "siglip", "img_processor.model_name is 'siglip'"),
        ("img_processor.image_dim_out", 768, "768, but the image encoder has 1024"),
        ("embd_layer.hd_transform_order", "glb_sub", "'glb_sub', only 'sub_glb'"),
        ("rope_scaling.type", "yarn", "'yarn', expected 'su'"),
        ("rope_scaling.long_factor", [1.0], "long_factor has 1 values, expected 4"),
        ("sliding_window", 128, "sliding_window of 128"),
        ("num_attention_heads", 5, "32 over 5 attention heads"),
    ],
)
def test_another_kind_of_model_is_refused(values: dict[str, Any], path: str, value: object, message: str) -> None:
    *groups, last = path.split(".")
    inner = values
    for group in groups:
        inner = inner[group]
    inner[last] = value
    with pytest.raises(ModelShapeError, match=message):
        Phi3VisionConfig.from_values(values)


@pytest.mark.parametrize("path", ["vocab_size", "img_processor", "rope_scaling.type", "pad_token_id"])
def test_a_missing_value_is_named(values: dict[str, Any], path: str) -> None:
    *groups, last = path.split(".")
    inner = values
    for group in groups:
        inner = inner[group]
    del inner[last]
    with pytest.raises(ModelShapeError, match=rf"{path}.* is missing"):
        Phi3VisionConfig.from_values(values)
