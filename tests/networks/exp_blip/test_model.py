from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from functools import cache  # noqa: E402

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.exp_blip.checkpoint import fill  # noqa: E402
from realtime_fer.networks.exp_blip.model import ExpBlip, Float32LayerNorm, blip2_config  # noqa: E402
from realtime_fer.networks.exp_blip.preprocessing import pixel_values  # noqa: E402
from tests.networks.exp_blip.tiny import SIZES, empty_captioner, faces, published_state  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch


@cache
def model() -> ExpBlip:
    made = empty_captioner()
    fill(made, published_state(made), "tiny", torch.device("cpu"), lambda _name: torch.float32)
    return made


def pixels() -> Tensor:
    return pixel_values(faces(), SIZES.image_px)


def test_shapes_on_the_way() -> None:
    with torch.inference_mode():
        face = model().look(pixels())
        logits = model().logits(face, torch.tensor([[2, 5], [2, 6]]))
    assert face.image.shape == (2, SIZES.image_tokens, SIZES.vision_hidden)
    assert face.queries.shape == (2, SIZES.queries, SIZES.qformer_hidden)
    assert face.prefix.shape == (2, SIZES.queries, SIZES.opt_hidden)
    assert logits.shape == (2, SIZES.queries + 2, SIZES.opt_words)
    assert logits.dtype == torch.float32


def test_faces_and_words_tell_and_filling_does_not() -> None:
    ids, mask = torch.tensor([[2, 5, 1], [2, 5, 1]]), torch.tensor([[1, 1, 0], [1, 1, 0]])
    with torch.inference_mode():
        logits = model()(pixels(), ids, mask)[:, : SIZES.queries + 2]
        short = model()(pixels(), ids[:, :2])
        other = model()(pixels(), torch.tensor([[2, 6], [2, 6]]))
    torch.testing.assert_close(logits, short, rtol=0, atol=1e-5)
    assert float((logits[0] - logits[1]).abs().max()) > 1e-2
    assert torch.equal(other[:, : SIZES.queries + 1], short[:, : SIZES.queries + 1])
    assert float((other[:, -1] - short[:, -1]).abs().max()) > 1e-2


def test_the_last_norm_of_the_image_has_an_epsilon_of_its_own() -> None:
    vision = model().blip.vision_model
    assert (vision.post_layernorm.eps, vision.encoder.layers[0].layer_norm1.eps) == (1e-5, 1e-6)


def test_a_norm_in_half_precision_is_computed_in_full() -> None:
    norm = Float32LayerNorm(8)
    values = (100 + 300 * torch.arange(8)).half()[None]
    found = norm(values)
    assert found.dtype == torch.float16
    torch.testing.assert_close(found, torch.nn.LayerNorm(8)(values.float()).half())


def test_only_the_first_stage_has_text_layers_in_its_q_former() -> None:
    assert blip2_config(SIZES, "sdpa", text_input=True).qformer_config.use_qformer_text_input
    config = blip2_config(SIZES, "eager", text_input=False)
    assert not config.qformer_config.use_qformer_text_input
    assert config.image_token_index == SIZES.image_token_id
    assert config.text_config.eos_token_id == SIZES.opt_end_id


@pytest.mark.parametrize("shape", [(3, 28, 28), (1, 3, 14, 14)])
def test_pixels_of_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="pixels"):
        model().look(torch.zeros(shape))


@pytest.mark.parametrize("ids", [[[2]], [[2], [280]], [[2], [-1]]])
def test_texts_that_do_not_go_with_the_faces(ids: list[list[int]]) -> None:
    with torch.inference_mode(), pytest.raises(ShapeError, match="text_ids"):
        model().embed(model().look(pixels()), torch.tensor(ids))
