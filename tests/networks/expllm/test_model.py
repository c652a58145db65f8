from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.expllm.image_processor import pixel_values  # noqa: E402
from realtime_fer.networks.expllm.model import (  # noqa: E402
    NOT_LEARNED,
    ExpLlm,
    language_config,
    positions_of,
    vision_config,
)
from tests.networks.expllm.tiny import face, published_tensors, tiny_config, tiny_model  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch


def prompt(before: int = 3, after: int = 4, images: int = 256) -> Tensor:
    return torch.tensor([[1, *range(5, 4 + before), *[tiny_config().image_token_id] * images, *range(20, 20 + after)]])


@torch.inference_mode()
def test_patches_take_their_places() -> None:
    model, ids = tiny_model(), prompt()
    images = model.image_embeddings(pixel_values([face()]))
    assert images.shape == (1, 256, 32)
    embedded = model.embed(ids, images)
    assert torch.equal(embedded[:, 3:259], images)
    table = model.language.model.embed_tokens.weight
    assert torch.equal(embedded[0, :3], table[ids[0, :3]])
    assert torch.equal(embedded[0, 259:], table[ids[0, 259:]])


@torch.inference_mode()
def test_patches_are_after_the_last_norm_and_without_the_class_token() -> None:
    model, pixels = tiny_model(), pixel_values([face()])
    before = model.vision(pixels, output_hidden_states=True).hidden_states[-1]
    assert before.shape == (1, 257, 16)
    torch.testing.assert_close(model.patch_tokens(pixels), model.vision.layernorm(before)[:, 1:])


@torch.inference_mode()
def test_wrong_prompts_are_refused() -> None:
    model = tiny_model()
    images = model.image_embeddings(pixel_values([face()]))
    with pytest.raises(ShapeError, match="found 255"):
        model.embed(prompt(images=255), images)
    gap = torch.cat([prompt(after=0)[:, :-1], torch.tensor([[7, model.config.image_token_id]])], dim=1)
    with pytest.raises(ShapeError, match="found 256 with gaps"):
        model.embed(gap, images)
    with pytest.raises(ShapeError, match="for each of 2 rows"):
        model.embed(prompt().repeat(2, 1), images)
    with pytest.raises(ShapeError, match=r"found \(1, 3, 28, 28\)"):
        model.patch_tokens(torch.zeros(1, 3, 28, 28))


@torch.inference_mode()
def test_what_fills_a_row_changes_nothing() -> None:
    model, ids = tiny_model(), prompt()
    images = model.image_embeddings(pixel_values([face()]))
    logits, loss = model(ids, images)
    assert loss is None
    filled = torch.cat([torch.zeros(1, 5, dtype=torch.long), ids], dim=1)
    mask = torch.cat([torch.zeros(1, 5, dtype=torch.long), torch.ones_like(ids)], dim=1)
    assert positions_of(mask)[0, :8].tolist() == [1, 1, 1, 1, 1, 0, 1, 2]
    torch.testing.assert_close(model(filled, images, mask)[0][:, 5:], logits, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_the_loss_is_of_the_next_token_and_of_the_learned_ones() -> None:
    model, ids = tiny_model(), prompt()
    images = model.image_embeddings(pixel_values([face()]))
    labels = torch.full_like(ids, NOT_LEARNED)
    labels[0, -2:] = ids[0, -2:]
    logits, loss = model(ids, images, labels=labels)
    chosen = logits[0, -3:-1].log_softmax(dim=-1)[torch.arange(2), ids[0, -2:]]
    assert float(loss) == pytest.approx(-float(chosen.mean()), abs=1e-5)


@torch.inference_mode()
def test_adapters_can_be_left_out() -> None:
    """Without them, the model is the one of rank 0; with them, weights + scale * B A."""
    model, ids, pixels = tiny_model(), prompt(), pixel_values([face()])
    plain = ExpLlm(replace(model.config, rank=0)).eval()
    state = {name.replace(".base_layer.", "."): value for name, value in model.state_dict().items() if ".lora_" not in name}
    plain.load_state_dict(state)

    def logits(of: ExpLlm) -> Tensor:
        found: Tensor = of(ids, of.image_embeddings(pixels))[0]
        return found

    with_adapters = logits(model)
    with model.without_adapters():
        torch.testing.assert_close(logits(model), logits(plain), atol=1e-4, rtol=0)
    assert torch.equal(logits(model), with_adapters)
    scale = model.config.alpha / model.config.rank
    merged = dict(state)
    for name, down in model.state_dict().items():
        if ".lora_A." in name:
            up = model.state_dict()[name.replace("lora_A", "lora_B")]
            merged[name.replace("lora_A.default.weight", "weight")] = state[
                name.replace("lora_A.default.weight", "weight")
            ] + scale * (up @ down)
    plain.load_state_dict(merged)
    torch.testing.assert_close(logits(plain), with_adapters, atol=1e-3, rtol=0)
    assert (with_adapters - logits(plain)).abs().max() < 0.1 * with_adapters.std()


def test_small_parts_learn() -> None:
    model = ExpLlm(tiny_config())
    model.train_only_small_parts()
    learning = {name for name, value in model.named_parameters() if value.requires_grad}
    assert {name for name in learning if ".lora_" not in name} == {
        "projector.0.weight",
        "projector.0.bias",
        "projector.2.weight",
        "projector.2.bias",
    }
    assert len(learning) == 4 + 4 * (2 + 1)
    assert published_tensors(tiny_config()).keys()


def test_sizes_reach_the_parts() -> None:
    config = tiny_config()
    assert vision_config(config).image_size == 224
    assert vision_config(config).hidden_size == config.vision.hidden_size
    language = language_config(config)
    assert (language.vocab_size, language.rope_parameters["rope_theta"]) == (config.language.vocab_size, 10000.0)
    assert language.rms_norm_eps == config.language.rms_norm_eps


def test_tables_are_computed_again() -> None:
    with torch.device("meta"):
        model = ExpLlm(tiny_config())
    assert model.language.model.rotary_emb.inv_freq.is_meta
    model.renew_tables(torch.device("cpu"))
    expected = 10000 ** (-torch.arange(0, 8, 2) / 8)
    torch.testing.assert_close(model.language.model.rotary_emb.inv_freq, expected)
