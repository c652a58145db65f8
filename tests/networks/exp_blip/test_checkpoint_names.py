from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from realtime_fer.networks.exp_blip.checkpoint_names import Place, places, published_name  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("blip.query_tokens", "query_tokens"),
        ("blip.vision_model.embeddings.class_embedding", "visual_encoder.cls_token"),
        ("blip.vision_model.encoder.layers.38.layer_norm2.bias", "visual_encoder.blocks.38.norm2.bias"),
        ("blip.vision_model.post_layernorm.weight", "ln_vision.weight"),
        ("blip.qformer.layernorm.bias", "Qformer.bert.embeddings.LayerNorm.bias"),
        (
            "blip.qformer.encoder.layer.4.crossattention.attention.key.weight",
            "Qformer.bert.encoder.layer.4.crossattention.self.key.weight",
        ),
        (
            "blip.qformer.encoder.layer.4.attention.output.LayerNorm.weight",
            "Qformer.bert.encoder.layer.4.attention.output.LayerNorm.weight",
        ),
        ("blip.embeddings.word_embeddings.weight", "Qformer.bert.embeddings.word_embeddings.weight"),
        ("blip.language_model.model.decoder.layers.0.fc1.bias", "opt_model.model.decoder.layers.0.fc1.bias"),
        ("blip.vision_projection.bias", "vision_proj.bias"),
        ("writing_head.transform.dense.bias", "Qformer.cls.predictions.transform.dense.bias"),
        ("temperature", "temp"),
        ("blip.itm_head.weight", "itm_head.weight"),
    ],
)
def test_names(ours: str, theirs: str) -> None:
    assert published_name(ours) == theirs


def test_a_bias_that_is_stored_in_two_parts() -> None:
    name = "blip.vision_model.encoder.layers.0.self_attn.qkv.bias"
    assert places({name: (12,), "temperature": ()}, tied=["temperature"]) == {
        "visual_encoder.blocks.0.attn.q_bias": Place(name, 0, (4,)),
        "visual_encoder.blocks.0.attn.v_bias": Place(name, 2, (4,)),
    }
