from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.expllm.image_processor import pixel_values  # noqa: E402
from realtime_fer.networks.expllm.label_scores import answer_log_probabilities, label_distribution  # noqa: E402
from realtime_fer.networks.expllm.prompts import LABELS, label_prompt  # noqa: E402
from tests.networks.expllm.tiny import face, tiny_model, tiny_tokenizer  # noqa: E402

pytestmark = pytest.mark.torch


@torch.inference_mode()
def test_the_cache_gives_what_reading_each_answer_whole_gives() -> None:
    model, tokenizer = tiny_model(), tiny_tokenizer()
    image = model.image_embeddings(pixel_values([face()]))
    prompt = tokenizer.encode(label_prompt())
    answers = [tokenizer.answer_ids(label) for label in ("Fear", "Contempt")] + [[tokenizer.eos_id]]
    found = answer_log_probabilities(model, prompt, image, answers)
    for answer, score in zip(answers, found.tolist(), strict=True):
        logits = model(torch.tensor([prompt + answer]), image)[0][0, len(prompt) - 1 : -1].log_softmax(dim=-1)
        assert score == pytest.approx(float(logits[torch.arange(len(answer)), torch.tensor(answer)].sum()), abs=1e-2)
    alone = answer_log_probabilities(model, prompt, image, answers[-1:])
    assert float(alone[0]) == pytest.approx(float(found[-1]), abs=1e-3)


@torch.inference_mode()
def test_shares_of_the_labels() -> None:
    model, tokenizer = tiny_model(), tiny_tokenizer()
    image = model.image_embeddings(pixel_values([face()]))
    shares = label_distribution(model, tokenizer, image)
    assert tuple(shares) == LABELS
    assert sum(shares.values()) == pytest.approx(1)
    two = label_distribution(model, tokenizer, image, ["Fear", "Anger"])
    assert math.log(two["Fear"] / two["Anger"]) == pytest.approx(math.log(shares["Fear"] / shares["Anger"]), abs=1e-2)
    for labels in ([], ["Fear", "Fear"]):
        with pytest.raises(ShapeError, match="each once"):
            label_distribution(model, tokenizer, image, labels)
