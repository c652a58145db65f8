from __future__ import annotations

import json
from pathlib import Path

import pytest

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError
from realtime_fer.networks.expllm.config import ExpLlmConfig, LanguageSizes, VisionSizes


def test_the_defaults_are_as_published() -> None:
    config = ExpLlmConfig()
    assert (config.vision.hidden_size, config.vision.layers, config.language.layers) == (1024, 24, 32)
    assert (config.rank, config.alpha, config.image_token_id) == (8, 16.0, 32000)
    assert ExpLlmConfig.from_values({"model_type": "locllm"}) == config


def test_values_of_the_file_are_used(tmp_path: Path) -> None:
    values = {
        "hidden_size": 64,
        "num_attention_heads": 4,
        "vocab_size": 96,
        "lora_llm_r": 4,
        "lora_vision_r": 4,
        "pad_token_id": -1,
    }
    (tmp_path / "config.json").write_text(json.dumps(values))
    config = ExpLlmConfig.from_file(tmp_path / "config.json", VisionSizes(48, 2, 4))
    assert (config.language.hidden_size, config.language.kv_heads, config.rank, config.pad_id) == (64, 4, 4, 0)
    assert (config.vision.hidden_size, config.image_token_id) == (48, 96)


def test_no_adapters_where_the_file_says_so() -> None:
    assert ExpLlmConfig.from_values({"lora_llm_enable": False, "lora_vision_enable": False}).rank == 0


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"num_patches": 576}, "num_patches is 576"),
        ({"hidden_act": "gelu"}, "hidden_act"),
        ({"lora_llm_r": 4, "lora_vision_r": 8}, "lora_llm_r is 4"),
        ({"num_attention_heads": 7}, "language width 4096"),
        ([], "found list"),
    ],
)
def test_another_kind_of_model_is_refused(values: dict[str, object], named: str) -> None:
    with pytest.raises(ModelShapeError, match=named):
        ExpLlmConfig.from_values(values)


def test_sizes_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ModelShapeError, match="vision width 10"):
        ExpLlmConfig(vision=VisionSizes(hidden_size=10, heads=4))
    with pytest.raises(ModelShapeError, match="rank is -1"):
        ExpLlmConfig(language=LanguageSizes(), rank=-1)


def test_a_missing_and_a_broken_file(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no such file"):
        ExpLlmConfig.from_file(tmp_path / "config.json")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelCorruptError, match="cannot be read as JSON"):
        ExpLlmConfig.from_file(tmp_path / "config.json")
