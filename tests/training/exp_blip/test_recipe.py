from __future__ import annotations

import math
from dataclasses import replace

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.training.exp_blip.recipe import PUBLISHED, ExpBlipRecipe


def test_the_published_numbers() -> None:
    assert (PUBLISHED.epochs, PUBLISHED.batch, PUBLISHED.micro_batch, PUBLISHED.micro_batches_for(4)) == (20, 16, 4, 1)
    assert (PUBLISHED.peak_learning_rate, PUBLISHED.last_learning_rate, PUBLISHED.weight_decay) == (1e-5, 0, 0.05)
    assert (PUBLISHED.warm_up_steps, PUBLISHED.warm_up_learning_rate) == (1000, 1e-8)
    assert (PUBLISHED.beta1, PUBLISHED.beta2, PUBLISHED.clip_norm) == (0.9, 0.999, None)
    assert (PUBLISHED.max_tokens, PUBLISHED.max_words, PUBLISHED.precision) == (32, 50, "float16")
    assert (PUBLISHED.seed, PUBLISHED.gradient_checkpointing) == (42, True)


def test_the_schedule() -> None:
    """Up within the first epoch by step; from then on a step a whole epoch down."""
    recipe = ExpBlipRecipe(epochs=4, batch=4, warm_up_steps=5, warm_up_learning_rate=1e-6)
    records = 43
    assert (recipe.steps_an_epoch(records), recipe.steps(records)) == (10, 40)
    rates = [recipe.share_of_peak(step, records) for step in range(40)]
    assert rates[:7] == pytest.approx([0.1, 0.28, 0.46, 0.64, 0.82, 1, 1])
    assert rates[10:] == pytest.approx([0.5 * (1 + math.cos(math.pi * epoch / 4)) for epoch in (1, 2, 3) for _ in range(10)])
    kept = replace(recipe, last_learning_rate=5e-6)
    assert kept.share_of_peak(20, records) == pytest.approx(0.75)
    assert replace(recipe, warm_up_steps=0).share_of_peak(0, records) == pytest.approx(0.1)
    # A warm-up that the first epoch is too short for ends with it.
    assert replace(recipe, warm_up_steps=100).share_of_peak(10, records) == rates[10]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_tokens": 1}, "max_tokens: expected at least 2"),
        ({"max_words": 0}, "max_words: expected a whole number from 1"),
        ({"warm_up_steps": -1}, "warm_up_steps: expected a whole number from 0, found -1"),
        ({"precision": "int8"}, "precision: expected one of float16, bfloat16, float32, found 'int8'"),
    ],
)
def test_bad_values_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ExpBlipRecipe(**change)  # type: ignore[arg-type]
