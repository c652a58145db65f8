from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.expllm.generation import generate, greedy_config, padded, write  # noqa: E402
from realtime_fer.networks.expllm.image_processor import pixel_values  # noqa: E402
from realtime_fer.networks.expllm.prompts import label_prompt  # noqa: E402
from tests.networks.expllm.tiny import face, tiny_config, tiny_model, tiny_tokenizer  # noqa: E402

pytestmark = pytest.mark.torch


def test_rows_are_filled_on_either_side() -> None:
    ids, mask = padded([[5, 6, 7], [8]], 0)
    assert (ids.tolist(), mask.tolist()) == ([[5, 6, 7], [0, 0, 8]], [[1, 1, 1], [0, 0, 1]])
    ids, mask = padded([[5, 6, 7], [8]], 9, side="right")
    assert (ids.tolist(), mask.tolist()) == ([[5, 6, 7], [8, 9, 9]], [[1, 1, 1], [1, 0, 0]])
    for prompts in ([], [[1], []]):
        with pytest.raises(ShapeError, match="none empty"):
            padded(prompts, 0)


def test_nothing_is_drawn_at_random() -> None:
    config = greedy_config(tiny_config(), 7)
    assert (config.do_sample, config.num_beams, config.max_new_tokens) == (False, 1, 7)
    assert (config.bos_token_id, config.eos_token_id, config.pad_token_id) == (1, 2, 0)


@torch.inference_mode()
def test_each_token_is_the_likeliest_in_every_row() -> None:
    model, image_id = tiny_model(), tiny_config().image_token_id
    prompts = [[1, 9, *[image_id] * 256, 30, 31], [1, *[image_id] * 256, 40]]
    images = model.image_embeddings(pixel_values([face(seed=1), face(seed=2)]))
    found = generate(model, prompts, images, 4)
    for row, prompt in enumerate(prompts):
        ids = list(prompt)
        for step, token in enumerate(found.token_ids[row]):
            logits = model(torch.tensor([ids]), images[row : row + 1])[0][0, -1]
            assert int(logits.argmax()) == token
            torch.testing.assert_close(found.logits[row, step], logits, atol=1e-3, rtol=0)
            ids.append(token)
        assert len(found.token_ids[row]) == 4 or found.token_ids[row][-1] == model.config.eos_id


@torch.inference_mode()
def test_answers_are_text() -> None:
    model, tokenizer = tiny_model(), tiny_tokenizer()
    images = model.image_embeddings(pixel_values([face()]))
    (text,) = write(model, tokenizer, [label_prompt()], images, 3)
    (ids,) = generate(model, [tokenizer.encode(label_prompt())], images, 3).token_ids
    assert text == tokenizer.decode(ids) == text.strip()
