from __future__ import annotations

from typing import Any

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.training.vlm.recipe import StepRecipe, require_one_of, require_positive

GOOD: dict[str, Any] = {"epochs": 1, "batch": 8, "micro_batch": 2, "peak_learning_rate": 0.1, "weight_decay": 0.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs: expected a whole number from 1, found 0"),
        ({"save_every": 0}, "save_every: expected"),
        ({"micro_batch": 3}, r"batch: expected a multiple of micro_batch \(3\), found 8"),
    ],
)
def test_bad_values_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        StepRecipe(**{**GOOD, **change})


def test_a_batch_is_shared_out_evenly_or_not_at_all() -> None:
    assert [StepRecipe(**GOOD).micro_batches_for(processes) for processes in (1, 2, 4)] == [4, 2, 1]
    with pytest.raises(SettingsError, match="8 records are 4 micro-batches of 2, which 3 processes cannot share"):
        StepRecipe(**GOOD).micro_batches_for(3)


def test_single_values() -> None:
    require_positive("x", 1)
    require_one_of("x", "a", ("a", "b"))
    with pytest.raises(SettingsError, match="x: expected one of a, b, found 'c'"):
        require_one_of("x", "c", ("a", "b"))
