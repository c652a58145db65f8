from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.phi3_vision.model import Phi3Vision  # noqa: E402
from tests.networks.phi3_vision.tiny import tiled, tiny_config, tiny_model  # noqa: E402

pytestmark = pytest.mark.torch

PICTURE_IDS = [-1] * 313


@pytest.fixture
def model() -> Phi3Vision:
    return tiny_model()


def test_names_are_the_published_ones(model: Phi3Vision) -> None:
    names = set(model.state_dict())
    assert {
        "model.embed_tokens.weight",
        "model.layers.1.self_attn.qkv_proj.weight",
        "model.layers.1.mlp.gate_up_proj.weight",
        "model.norm.weight",
        "lm_head.weight",
        "model.vision_embed_tokens.glb_GN",
        "model.vision_embed_tokens.sub_GN",
        "model.vision_embed_tokens.img_projection.2.bias",
        "model.vision_embed_tokens.img_processor.vision_model.pre_layrnorm.weight",
        "model.vision_embed_tokens.img_processor.vision_model.embeddings.position_embedding.weight",
        "model.vision_embed_tokens.img_processor.vision_model.encoder.layers.2.self_attn.out_proj.bias",
    } < names
    assert not any("rotary" in name or "inv_freq" in name for name in names)


@torch.no_grad()
def test_image_vectors_stand_at_negative_ids_in_order(model: Phi3Vision) -> None:
    vectors = torch.arange(4.0)[:, None].expand(4, 32)
    embedded = model.embed(torch.tensor([[5, -1, -1, 6], [-1, 7, 8, -2]]), vectors)
    assert embedded[0, 1:3, 0].tolist() == [0, 1]
    assert embedded[1, [0, 3], 0].tolist() == [2, 3]
    assert torch.equal(embedded[0, 0], model.model.embed_tokens.weight[5])


@torch.no_grad()
def test_the_picture_tells(model: Phi3Vision) -> None:
    ids = torch.tensor([[1, *PICTURE_IDS, 1, 9]])
    one, other = (model(ids, *tiled(seed)[:2]) for seed in (1, 2))
    assert one.shape == (1, 316, 320)
    assert one.dtype == torch.float32
    assert torch.allclose(one[:, 0], other[:, 0], atol=1e-5)
    assert not torch.allclose(one[:, -1], other[:, -1], atol=1e-2)


@torch.no_grad()
def test_padding_on_the_left_changes_nothing(model: Phi3Vision) -> None:
    ids = torch.tensor([[1, 9, 8, 7]])
    padded = torch.cat([torch.full((1, 3), 3), ids], dim=1)
    mask = torch.tensor([[0, 0, 0, 1, 1, 1, 1]])
    assert torch.allclose(model(padded, attention_mask=mask)[:, 3:], model(ids), atol=1e-5)


@torch.no_grad()
def test_both_kinds_of_attention_agree() -> None:
    ids = torch.arange(40)[None]
    assert torch.allclose(tiny_model(attention="eager")(ids), tiny_model(attention="sdpa")(ids), atol=1e-4)


@torch.no_grad()
def test_padding_counts_towards_the_length_of_a_long_text() -> None:
    """As in the published code, though a padded position is no word."""
    model = tiny_model(tiny_config(original_max_positions=32))
    ids = torch.cat([torch.full((1, 5), 3), torch.arange(30)[None]], dim=1)
    mask = (torch.arange(35) >= 5).long()[None]
    padded, was_long = model(ids, attention_mask=mask)[:, 5:], model.rope.use_long
    short, is_long = model(ids[:, 5:]), model.rope.use_long
    assert (was_long, is_long) == (True, False)
    assert not torch.allclose(padded, short, atol=1e-2)


@pytest.mark.parametrize("count", [312, 314])
def test_a_wrong_number_of_image_positions_is_refused(model: Phi3Vision, count: int) -> None:
    with pytest.raises(ShapeError, match=f"{count} image positions for 313"), torch.no_grad():
        model(torch.tensor([[1] + [-1] * count]), *tiled()[:2])


def test_pictures_need_their_sizes(model: Phi3Vision) -> None:
    with pytest.raises(ShapeError, match="without the other"):
        model(torch.tensor([[1]]), pixel_values=tiled().pixel_values)


def test_gradients_reach_projector_and_decoder(model: Phi3Vision) -> None:
    loss = model(torch.tensor([[1, *PICTURE_IDS, 9]]), *tiled()[:2])[0, -1].square().sum()
    loss.backward()
    for name in ("lm_head", "model.layers.0.self_attn.qkv_proj", "model.vision_embed_tokens.img_projection.0"):
        gradient = model.get_parameter(f"{name}.weight").grad
        assert gradient is not None
        assert float(gradient.abs().max()) > 0
