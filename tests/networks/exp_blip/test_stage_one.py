from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from functools import cache  # noqa: E402

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.exp_blip.checkpoint import fill  # noqa: E402
from realtime_fer.networks.exp_blip.preprocessing import pixel_values  # noqa: E402
from realtime_fer.networks.exp_blip.stage_one import ExpBlipStageOne  # noqa: E402
from tests.networks.exp_blip.tiny import SIZES, empty_stage_one, faces, published_state  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

TEXTS = [[1, 5, 6, 2], [1, 7, 2, 0]]


@cache
def model() -> ExpBlipStageOne:
    made = ExpBlipStageOne(SIZES)
    fill(made, published_state(empty_stage_one()), "tiny", torch.device("cpu"), lambda _name: torch.float32)
    return made


@cache
def image() -> Tensor:
    with torch.inference_mode():
        return model().image_embeddings(pixel_values(faces(), SIZES.image_px))


def test_features_are_of_length_one_and_ignore_filling() -> None:
    with torch.inference_mode():
        face, text = model().image_features(image()), model().text_features(torch.tensor(TEXTS))
        shorter = model().text_features(torch.tensor([TEXTS[1][:3]]))
    assert face.shape == (2, SIZES.queries, SIZES.matching_hidden)
    torch.testing.assert_close(face.norm(dim=-1), torch.ones(2, SIZES.queries))
    torch.testing.assert_close(text[1:], shorter)


def test_similarity_is_that_of_the_best_query() -> None:
    face = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    text = torch.tensor([[0.6, 0.8], [-1.0, 0.0]])
    torch.testing.assert_close(model().similarity(face, text), torch.tensor([[0.8, 0.0]]))


def test_a_match_sees_face_and_text() -> None:
    ids = torch.tensor(TEXTS)
    with torch.inference_mode():
        logits = model().match_logits(image(), ids)
        swapped = model().match_logits(image(), ids.flip(0))
        alone = model().match_logits(image()[1:], ids[1:, :3])
    assert logits.shape == (2, 2)
    torch.testing.assert_close(logits[1:], alone, rtol=0, atol=1e-5)
    assert float((logits - swapped).abs().max()) > 1e-3


def test_writing_sees_the_tokens_before_and_not_those_after() -> None:
    changed = torch.tensor([[1, 5, 9, 2], [1, 7, 2, 0]])
    with torch.inference_mode():
        logits = model().writing_logits(image(), torch.tensor(TEXTS))
        other = model().writing_logits(image(), changed)
        begun = model().writing_logits(image(), torch.tensor([[3, *row[1:]] for row in TEXTS]))
    assert logits.shape == (2, 4, SIZES.bert_words)
    assert torch.equal(logits[0, :2], other[0, :2])
    assert float((logits[0, 2:] - other[0, 2:]).abs().max()) > 1e-3
    assert torch.equal(logits, begun)


def test_as_many_texts_as_faces() -> None:
    with pytest.raises(ShapeError, match="pairs"):
        model().match_logits(image(), torch.tensor(TEXTS[:1]))
