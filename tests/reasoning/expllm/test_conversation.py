from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.expllm.generation import generate  # noqa: E402
from realtime_fer.networks.expllm.image_processor import pixel_values  # noqa: E402
from realtime_fer.networks.expllm.label_scores import answer_log_probabilities  # noqa: E402
from realtime_fer.networks.expllm.prompts import DESCRIPTION, LABELS, Turn, conversation_text, description_prompt, label_prompt  # noqa: E402
from realtime_fer.reasoning.expllm.conversation import Conversation  # noqa: E402
from tests.networks.expllm.tiny import face, tiny_model, tiny_tokenizer  # noqa: E402

pytestmark = pytest.mark.torch

TOKENS = 6


def begun(count: int) -> Conversation:
    with torch.inference_mode():
        images = tiny_model().image_embeddings(pixel_values([face(seed=seed) for seed in range(count)]))
    return Conversation(tiny_model(), images)


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_read_on_from_the_cache_is_what_is_read_anew(count: int) -> None:
    ids = tiny_tokenizer().encode
    # Answers of different lengths before the second question: its rows are filled up.
    questions = [[ids(label_prompt())] * count, [ids(description_prompt(LABELS[row] * row)) for row in range(count)]]
    # Another beginning, right behind the picture.
    questions.append([ids(conversation_text([Turn(DESCRIPTION)]))] * count)
    talk = begun(count)
    with torch.inference_mode():
        images = tiny_model().image_embeddings(pixel_values([face(seed=seed) for seed in range(count)]))
    for prompts in (*questions, questions[0]):
        assert talk.answer(prompts, TOKENS) == generate(tiny_model(), prompts, images, TOKENS).token_ids


def test_the_beginning_that_questions_share_is_read_once() -> None:
    ids = tiny_tokenizer().encode
    first, second = ids(label_prompt()), ids(description_prompt("Fear"))
    talk = begun(1)
    (answer,) = talk.answer([first], TOKENS)
    read = talk.tokens_read
    assert read == len(first) + len(answer) - 1
    talk.answer([second], 1)
    assert talk.tokens_read - read < len(second) - len(first) + 1
    # The same question again: one token, for its logits.
    read = talk.tokens_read
    talk.answer([second], 1)
    assert talk.tokens_read == read + 1


def test_an_answer_of_ones_own_is_gone_on_from_too() -> None:
    tokenizer, talk = tiny_tokenizer(), begun(1)
    first = tokenizer.encode(label_prompt())
    (answer,) = talk.answer([first], TOKENS)
    read = talk.tokens_read
    talk.answer([[*first, *answer, 5, 6]], 1)
    # What was answered last was never read, nor were the two behind it.
    assert talk.tokens_read == read + 3


def test_whole_answers_are_scored_and_nothing_is_forgotten() -> None:
    tokenizer = tiny_tokenizer()
    prompt, answers = tokenizer.encode(label_prompt()), [tokenizer.answer_ids(label) for label in LABELS]
    talk = begun(2)
    found = talk.log_probabilities([prompt, prompt], answers)
    assert found.shape == (2, len(LABELS))
    for row in range(2):
        with torch.inference_mode():
            image = tiny_model().image_embeddings(pixel_values([face(seed=row)]))
        torch.testing.assert_close(
            found[row], answer_log_probabilities(tiny_model(), prompt, image, answers), atol=1e-3, rtol=0
        )
    after = talk.answer([prompt, prompt], TOKENS)
    assert after == begun(2).answer([prompt, prompt], TOKENS)


def test_it_hears_every_token_and_may_end_it() -> None:
    prompt = tiny_tokenizer().encode(label_prompt())
    heard: list[list[int]] = []
    (answer,) = begun(1).answer([prompt], TOKENS, lambda rows: heard.append(list(rows[0])))
    assert heard == [answer[: length + 1] for length in range(len(answer))]

    def enough(rows: list[list[int]]) -> None:
        if len(rows[0]) == 2:
            raise KeyboardInterrupt

    talk = begun(1)
    with pytest.raises(KeyboardInterrupt):
        talk.answer([prompt], TOKENS, enough)
    assert talk.tokens_read == len(prompt) + 1
    assert talk.answer([prompt], TOKENS) == [answer]


def test_a_prompt_without_its_picture() -> None:
    with pytest.raises(ShapeError, match="256 image tokens"):
        begun(1).answer([[1, tiny_model().config.image_token_id, 5]], 1)
