from __future__ import annotations

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.training.expllm.recipe import PUBLISHED, ExpLlmRecipe

RECORDS = 12_271 * 4
"""An epoch on RAF-DB: the descriptions once, the labels three times."""


def test_the_published_numbers() -> None:
    assert (PUBLISHED.batch, PUBLISHED.micro_batch, PUBLISHED.micro_batches_for(8)) == (128, 1, 16)
    assert (PUBLISHED.peak_learning_rate, PUBLISHED.weight_decay, PUBLISHED.warm_up_ratio) == (5e-4, 0.05, 0.03)
    assert (PUBLISHED.rank, PUBLISHED.alpha, PUBLISHED.dropout, PUBLISHED.max_tokens) == (8, 16, 0.05, 2048)
    assert (PUBLISHED.epochs, PUBLISHED.questions, PUBLISHED.precision) == (20, "fixed", "bfloat16")
    assert (PUBLISHED.beta1, PUBLISHED.beta2, PUBLISHED.epsilon, PUBLISHED.clip_norm) == (0.9, 0.999, 1e-8, 1)
    steps = PUBLISHED.steps(RECORDS)
    assert steps == 20 * RECORDS // 128
    shares = [PUBLISHED.share_of_peak(step, steps) for step in range(steps)]
    assert max(shares) == shares[-(-3 * steps // 100)] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rank": 0}, "rank: expected a whole number from 1"),
        ({"warm_up_ratio": 1.0}, "warm_up_ratio and dropout"),
        ({"precision": "float16"}, "precision: expected one of bfloat16, float32, found 'float16'"),
        ({"questions": "-1"}, "questions: expected one of fixed, random, found '-1'"),
        ({"batch": 3, "micro_batch": 2}, "expected a multiple of micro_batch"),
    ],
)
def test_bad_values_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ExpLlmRecipe(**change)  # type: ignore[arg-type]
