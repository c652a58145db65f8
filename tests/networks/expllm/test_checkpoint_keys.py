from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.errors import ModelCorruptError, ModelShapeError  # noqa: E402
from realtime_fer.networks.expllm.checkpoint_keys import (  # noqa: E402
    converted,
    is_dropped,
    published_shapes,
    require_published,
    targets,
)
from realtime_fer.networks.expllm.model import ExpLlm  # noqa: E402
from tests.networks.expllm.tiny import tiny_config  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("rank", [2, 0])
def test_every_tensor_of_the_model_is_filled_once(rank: int) -> None:
    config = tiny_config(rank)
    with torch.device("meta"):
        model = ExpLlm(config)
    filled = [target for name in published_shapes(config) for target in targets(name, config)]
    assert sorted(filled) == sorted(name for name, _ in model.named_parameters())


def test_q_k_and_v_are_taken_apart_in_this_order() -> None:
    value = torch.arange(48.0)
    parts = converted("vision_model.blocks.0.attn.qkv.bias", value)
    layer = "vision.encoder.layer.0.attention"
    assert {name: part.tolist()[0] for name, part in parts.items()} == {
        f"{layer}.q_proj.base_layer.bias": 0,
        f"{layer}.k_proj.bias": 16,
        f"{layer}.v_proj.base_layer.bias": 32,
    }
    assert all(part.untyped_storage().nbytes() == 64 for part in parts.values())


@pytest.mark.parametrize(
    ("published", "ours"),
    [
        ("model.layers.1.self_attn.q_proj.lora_A", "language.model.layers.1.self_attn.q_proj.lora_A.default.weight"),
        ("model.layers.1.self_attn.v_proj.weight", "language.model.layers.1.self_attn.v_proj.base_layer.weight"),
        ("model.layers.1.self_attn.k_proj.weight", "language.model.layers.1.self_attn.k_proj.weight"),
        ("vision_model.blocks.0.attn.lora_B_v", "vision.encoder.layer.0.attention.v_proj.lora_B.default.weight"),
        ("vision_model.blocks.0.ls2.gamma", "vision.encoder.layer.0.layer_scale2.lambda1"),
        ("mm_projector.2.bias", "projector.2.bias"),
        ("lm_head.weight", "language.lm_head.weight"),
    ],
)
def test_names(published: str, ours: str) -> None:
    assert targets(published, tiny_config()) == (ours,)


def test_what_may_be_dropped_may_be_there_or_not() -> None:
    config = tiny_config()
    shapes = published_shapes(config)
    require_published(shapes, config, "folder")
    more = {"model.layers.1.self_attn.rotary_emb.inv_freq": (4,), "vision_model.mask_token": (1, 16)}
    require_published({**shapes, **more}, config, "folder")
    assert all(is_dropped(name) and targets(name, config) == () for name in more)
    assert converted("vision_model.mask_token", torch.zeros(1, 16)) == {}


def test_anything_else_is_refused() -> None:
    config = tiny_config()
    shapes = published_shapes(config)
    with pytest.raises(ModelCorruptError, match=r"folder: 1 tensors missing \(lm_head.weight\) and 1 tensors left over"):
        require_published({**{n: s for n, s in shapes.items() if n != "lm_head.weight"}, "x": (1,)}, config, "folder")
    with pytest.raises(ModelShapeError, match=r"lm_head.weight is \(3, 3\)"):
        require_published({**shapes, "lm_head.weight": (3, 3)}, config, "folder")
    with pytest.raises(ModelCorruptError, match="is no tensor of ExpLLM"):
        targets("model.layers.7.mlp.up_proj.weight", config)
