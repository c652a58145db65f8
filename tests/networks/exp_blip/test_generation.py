from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from typing import Any  # noqa: E402

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.exp_blip import generation  # noqa: E402
from realtime_fer.networks.exp_blip.generation import CAPTIONING_TASK, DEFAULT, GenerationSettings, generate  # noqa: E402
from tests.networks.exp_blip.test_model import model, pixels  # noqa: E402
from tests.networks.exp_blip.tiny import SIZES  # noqa: E402

pytestmark = pytest.mark.torch

SHORT = GenerationSettings(num_beams=1, max_new_tokens=6)


def test_published_settings() -> None:
    assert (DEFAULT.num_beams, DEFAULT.max_new_tokens, DEFAULT.min_length, DEFAULT.top_p) == (5, 100, 1, 0.9)
    assert (CAPTIONING_TASK.num_beams, CAPTIONING_TASK.max_new_tokens, CAPTIONING_TASK.min_length) == (5, 200, 3)


def test_greedy_takes_the_likeliest_token_each_time() -> None:
    captions = generate(model(), pixels(), [2, 7], SHORT)
    with torch.inference_mode():
        for row, (caption,) in enumerate(captions):
            text = [2, 7]
            for token in caption:
                logits = model()(pixels()[row : row + 1], torch.tensor([text]))[0, -1]
                assert int(logits.argmax()) == token
                text.append(token)
            assert len(caption) == SHORT.max_new_tokens


def test_one_list_of_captions_for_each_face() -> None:
    found = generate(model(), pixels(), settings=GenerationSettings(num_beams=4, max_new_tokens=5, captions=3))
    assert [len(captions) for captions in found] == [3, 3]
    assert all(len({tuple(caption) for caption in captions}) == 3 for captions in found)
    best = generate(model(), pixels(), settings=GenerationSettings(num_beams=4, max_new_tokens=5))
    assert [captions[:1] for captions in found] == best


def test_sampling_returns_as_many_as_asked_and_follows_the_seed() -> None:
    settings = GenerationSettings(sample=True, max_new_tokens=5, captions=2, temperature=2.0)
    torch.manual_seed(0)
    first = generate(model(), pixels(), settings=settings)
    torch.manual_seed(0)
    assert generate(model(), pixels(), settings=settings) == first
    assert [len(captions) for captions in first] == [2, 2]
    assert generate(model(), pixels(), settings=settings) != first


def test_a_tiny_share_of_the_probability_is_greedy() -> None:
    settings = GenerationSettings(sample=True, max_new_tokens=5, top_p=1e-6)
    assert generate(model(), pixels(), settings=settings) == generate(model(), pixels(), settings=GenerationSettings(1, 5))


def test_the_end_mark_ends_a_caption_unless_it_comes_too_early() -> None:
    bias = {"prompt": 3}
    sequence = iter([[9, SIZES.opt_end_id, 1, 1], [9, 8, 7, 1]])
    rows = [generation._cut(row, SIZES.opt_end_id, 1) for row in sequence]
    assert rows == [([9], True), ([9, 8, 7], False)]
    words = [
        generation._in_library_words(model(), bias["prompt"], GenerationSettings(min_length=length)).min_new_tokens
        for length in (1, 3, 8)
    ]
    assert words == [0, 0, 5]


@pytest.mark.parametrize(
    ("prompt_length", "cut_off_score", "ended_first"),
    [
        # Today's rule says -2 and -1.9; then, -6 / (4 + 2) = -1 and -9.5 / (4 + 5) = -1.06.
        (4, -1.9, True),
        (4, -1.7, False),
        # Today's rule says -2 and -2.2; then, -6 / (1 + 2) = -2 and -11 / (1 + 5) = -1.83.
        (1, -2.2, False),
        (1, -2.5, True),
    ],
)
def test_beams_are_ranked_without_the_end_and_with_the_prompt(
    prompt_length: int, cut_off_score: float, ended_first: bool
) -> None:
    rows: list[Any] = [([9, 9], True), ([8] * 5, False)]
    both = generation._best_first(rows, [-2.0, cut_off_score], prompt_length, GenerationSettings(captions=2))
    assert both == [rows[0][0], rows[1][0]][:: 1 if ended_first else -1]
    (best,) = generation._best_first(rows, [-2.0, cut_off_score], prompt_length, GenerationSettings())
    assert best == both[0]


def test_a_length_penalty_of_zero_leaves_the_scores_as_they_are() -> None:
    rows: list[Any] = [([9, 9], True), ([8] * 5, False)]
    settings = GenerationSettings(length_penalty=0.0)
    assert generation._best_first(rows, [-2.0, -1.9], 4, settings) == [[8] * 5]


@pytest.mark.parametrize("prompt", [[], [2] * 56])
def test_prompts_that_do_not_fit(prompt: list[int]) -> None:
    with pytest.raises(ShapeError, match="prompt"):
        generate(model(), pixels(), prompt, SHORT)


@pytest.mark.parametrize(
    "values", [{"num_beams": 0}, {"max_new_tokens": 0}, {"captions": 6}, {"top_p": 0.0}, {"temperature": 0.0}]
)
def test_settings_that_cannot_be_used(values: dict[str, Any]) -> None:
    with pytest.raises(ShapeError, match="generation"):
        GenerationSettings(**values)
