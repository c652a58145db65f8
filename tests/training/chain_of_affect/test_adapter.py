from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.networks.phi3_vision.config import Phi3VisionConfig  # noqa: E402
from realtime_fer.networks.phi3_vision.lora import LoraAdapter  # noqa: E402
from realtime_fer.networks.phi3_vision.model import Phi3Vision  # noqa: E402
from realtime_fer.networks.phi3_vision.non_lora_state import read_non_lora_state  # noqa: E402
from realtime_fer.training.chain_of_affect.adapter import (  # noqa: E402
    OTHER_WEIGHTS_FILE,
    adapted_modules,
    adapter_tensors,
    new_adapter,
    parameter_groups,
    save_adapter,
)
from realtime_fer.training.chain_of_affect.recipe import PUBLISHED  # noqa: E402
from tests.networks.phi3_vision.tiny import tiled, tiny_model  # noqa: E402
from tests.training.chain_of_affect.tiny_set import TINY  # noqa: E402

pytestmark = pytest.mark.torch

IDS = [[1, *[-1] * 313, 9]]

PUBLISHED_SIZES = Phi3VisionConfig(
    vocab_size=32064,
    hidden_size=3072,
    intermediate_size=8192,
    layers=32,
    heads=32,
    kv_heads=32,
    rms_norm_eps=1e-5,
    rope_theta=10000.0,
    short_factor=(1.0,) * 48,
    long_factor=(1.0,) * 48,
    original_max_positions=4096,
    max_positions=131072,
    bos_id=1,
    pad_id=32000,
)


def test_at_the_published_size_it_is_the_published_adapter() -> None:
    """275 modules, 550 tensors, 64,964,640 numbers: those of the published one."""
    with torch.device("meta"):
        model = Phi3Vision(PUBLISHED_SIZES)
        assert len(adapted_modules(model)) == 275
        adapted = new_adapter(model, PUBLISHED)
    values = {name: value for name, value in adapted.named_parameters() if "lora_" in name}
    assert len(values) == 550
    assert sum(value.numel() for value in values.values()) == 64_964_640
    last = ".encoder.layers.23."
    assert all(value.requires_grad == (last not in name) for name, value in values.items())
    assert not any(value.requires_grad for name, value in adapted.named_parameters() if name not in values)


def test_a_new_adapter_changes_nothing_and_words_are_left_alone() -> None:
    model, ids = tiny_model(), torch.tensor(IDS)
    with torch.no_grad():
        before = model(ids, *tiled()[:2])
        new_adapter(model, TINY)
        assert torch.allclose(model(ids, *tiled()[:2]), before, atol=1e-5)
    assert not {"model.embed_tokens", "lm_head"} & set(adapted_modules(tiny_model()))


def test_parts_learn_at_rates_of_their_own() -> None:
    adapted = new_adapter(tiny_model(), TINY)
    learning = {name: value for name, value in adapted.named_parameters() if value.requires_grad}
    (one,) = parameter_groups(adapted, TINY)
    assert (one["lr"], one["peak"], len(one["params"])) == (2e-2, 2e-2, len(learning))
    groups = parameter_groups(adapted, replace(TINY, vision_learning_rate=0.1, projector_learning_rate=0.2))
    rate_of = {id(value): group["peak"] for group in groups for value in group["params"]}
    for name, value in learning.items():
        expected = 0.1 if "img_processor" in name else 0.2 if "img_projection" in name else 2e-2
        assert rate_of[id(value)] == expected, name
    assert len(rate_of) == len(learning)


def test_the_saved_folder_is_read_back_and_is_complete(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"model_type": "phi3_v"}')
    torch.manual_seed(3)
    model = tiny_model()
    adapted = new_adapter(model, TINY)
    with torch.no_grad():
        for name, value in adapted.named_parameters():
            if "lora_" in name:
                value.normal_(0, 0.2)
    save_adapter(tmp_path / "lora", adapter_tensors(adapted), TINY, tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "lora").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "config.json",
        "non_lora_state_dict.bin",
    ]
    read = LoraAdapter.from_folder(tmp_path / "lora")
    assert (read.rank, read.alpha, read.dropout) == (4, 4, 0.05)
    merged = tiny_model()
    read.merge_into(merged)
    with torch.no_grad():
        found, expected = (one.eval()(torch.tensor(IDS), *tiled()[:2]) for one in (merged, model))
    assert torch.allclose(found, expected, atol=1e-4)
    state = read_non_lora_state(tmp_path / "lora" / OTHER_WEIGHTS_FILE, merged)
    assert (state.changed, state.same, state.ignored) == ({}, (), ())


def test_peft_reads_it_too(tmp_path: Path) -> None:
    from peft import PeftModel

    (tmp_path / "config.json").write_text("{}")
    tensors = adapter_tensors(new_adapter(tiny_model(), TINY))
    save_adapter(tmp_path / "lora", tensors, TINY, tmp_path)
    config = json.loads((tmp_path / "lora" / "adapter_config.json").read_text())
    assert (config["task_type"], config["bias"], len(config["target_modules"])) == ("CAUSAL_LM", "none", len(tensors) // 2)
    # By itself peft wants a model that can generate; the arithmetic is the same without.
    config["task_type"] = None
    (tmp_path / "lora" / "adapter_config.json").write_text(json.dumps(config))
    again = PeftModel.from_pretrained(tiny_model(), str(tmp_path / "lora"))
    found = adapter_tensors(again)
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], value) for name, value in tensors.items())
