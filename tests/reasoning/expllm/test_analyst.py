from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.errors import ModelShapeError, ShapeError  # noqa: E402
from realtime_fer.networks.expllm.analysis import analyse  # noqa: E402
from realtime_fer.networks.expllm.image_processor import pixel_values  # noqa: E402
from realtime_fer.networks.expllm.label_scores import label_distribution  # noqa: E402
from realtime_fer.networks.expllm.sentencepiece_bpe import Piece, SentencePieceBpe  # noqa: E402
from realtime_fer.networks.expllm.tokenizer import ExpLlmTokenizer  # noqa: E402
from realtime_fer.reasoning.expllm.analyst import ExpLlmAnalyst, Order  # noqa: E402
from tests.networks.expllm.tiny import face, tiny_model, tiny_tokenizer  # noqa: E402

pytestmark = pytest.mark.torch

FACES = [face(seed=seed) for seed in range(3)]
LIMITS: dict[str, Any] = {"label_tokens": 4, "description_tokens": 8}


def analyst(order: Order = Order.LABEL_FIRST) -> ExpLlmAnalyst:
    return ExpLlmAnalyst(tiny_model(), tiny_tokenizer(), order=order, **LIMITS)


def test_it_writes_what_the_published_evaluation_writes() -> None:
    published = analyse(tiny_model(), tiny_tokenizer(), FACES, **LIMITS)
    assert [reading.analysis for reading in analyst().read(FACES)] == published
    with torch.inference_mode():
        image = tiny_model().image_embeddings(pixel_values(FACES[:1]))
    shares = label_distribution(tiny_model(), tiny_tokenizer(), image)
    assert analyst().read(FACES[:1])[0].distribution == pytest.approx(shares, abs=1e-5)


@pytest.mark.parametrize("order", Order)
def test_several_faces_are_read_as_each_alone(order: Order) -> None:
    together = analyst(order).read(FACES)
    for one, picture in zip(together, FACES, strict=True):
        (alone,) = analyst(order).read([picture])
        assert one.analysis == alone.analysis
        assert one.distribution == pytest.approx(alone.distribution, abs=1e-5)


def test_the_order_tells_in_what_is_told_and_in_what_stands_before() -> None:
    told: dict[Order, list[str]] = {}
    for order in Order:
        steps: list[str] = []
        analyst(order).read(FACES[:1], lambda step, _text, steps=steps: steps.append(step))  # type: ignore[misc]
        told[order] = list(dict.fromkeys(steps))
    assert told == {order: list(order.steps) for order in Order}
    first, second = (analyst(order).read(FACES[:1])[0].distribution for order in Order)
    assert first != second


def test_a_tokenizer_of_another_checkpoint() -> None:
    other = ExpLlmTokenizer(SentencePieceBpe([Piece("<unk>", 0.0, 2)]))
    with pytest.raises(ModelShapeError, match=r"is tokenizer.model of this checkpoint"):
        ExpLlmAnalyst(tiny_model(), other)


def test_no_picture() -> None:
    with pytest.raises(ShapeError, match="at least one"):
        analyst().read([])
