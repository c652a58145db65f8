from __future__ import annotations

import math
from dataclasses import replace

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.training.chain_of_affect.recipe import PUBLISHED, ChainRecipe

RECORDS = 12_271 + 2 * 3_162
"""Of the published training file."""


def test_the_published_numbers() -> None:
    """Rank 32, scale 1/2, one rate for all, 5,810 steps of 32, of which 175 warm up: as in the published script and log."""
    assert (PUBLISHED.rank, PUBLISHED.alpha, PUBLISHED.dropout, PUBLISHED.num_crops) == (32, 16, 0.05, 16)
    assert (PUBLISHED.peak_learning_rate, PUBLISHED.vision_learning_rate, PUBLISHED.projector_learning_rate) == (
        2e-4,
        None,
        None,
    )
    assert (PUBLISHED.beta1, PUBLISHED.beta2, PUBLISHED.epsilon) == (0.9, 0.98, 1e-7)
    assert (PUBLISHED.weight_decay, PUBLISHED.clip_norm, PUBLISHED.seed, PUBLISHED.save_every) == (0, 1, 42, 500)
    assert (PUBLISHED.precision, PUBLISHED.gradient_checkpointing, PUBLISHED.epochs) == ("bfloat16", True, 10)
    assert (PUBLISHED.batch, PUBLISHED.micro_batch, PUBLISHED.micro_batches_for(2)) == (32, 4, 4)
    assert PUBLISHED.steps(RECORDS) == 5810
    shares = [PUBLISHED.share_of_peak(step, 5810) for step in range(5810)]
    assert shares.index(max(shares)) == 175
    assert max(shares) == 1


def test_the_schedule() -> None:
    recipe = ChainRecipe(warm_up_ratio=0.1)
    assert [recipe.share_of_peak(step, 20) for step in (0, 1, 2)] == [0, 0.5, 1]
    assert recipe.share_of_peak(11, 20) == pytest.approx(0.5)
    assert recipe.share_of_peak(19, 20) == pytest.approx(0.5 * (1 + math.cos(math.pi * 17 / 18)))
    assert recipe.share_of_peak(20, 20) == pytest.approx(0, abs=1e-12)
    assert replace(recipe, warm_up_ratio=0.0).share_of_peak(0, 20) == 1
    assert recipe.share_of_peak(0, 1) == 0


def test_it_equals_the_library_the_publication_used() -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([weight], lr=1.0)
    theirs = transformers.get_cosine_schedule_with_warmup(optimizer, math.ceil(0.03 * 200), 200)
    for step in range(200):
        assert ChainRecipe().share_of_peak(step, 200) == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-12)
        optimizer.step()
        theirs.step()


def test_a_small_set_gives_at_least_one_step() -> None:
    assert ChainRecipe(epochs=1).steps(3) == 1
    assert ChainRecipe(epochs=3, batch=4).steps(7) == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs: expected a whole number from 1, found 0"),
        ({"batch": 6, "micro_batch": 4}, r"batch: expected a multiple of micro_batch \(4\), found 6"),
        ({"dropout": 1.0}, "dropout: expected shares"),
        ({"warm_up_ratio": -0.1}, "warm_up_ratio and dropout"),
        ({"precision": "int4"}, "precision: expected one of bfloat16, float32, found 'int4'"),
    ],
)
def test_bad_values_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ChainRecipe(**change)  # type: ignore[arg-type]


def test_a_batch_that_cannot_be_shared_out() -> None:
    with pytest.raises(SettingsError, match="32 records are 8 micro-batches of 4, which 3 processes cannot share"):
        PUBLISHED.micro_batches_for(3)
