from __future__ import annotations

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.training.fmpn.schedule import learning_rate_factor


def test_the_decline_begins_an_epoch_early_and_ends_at_zero() -> None:
    factors = [learning_rate_factor(epoch, 10, 5) for epoch in range(1, 11)]
    assert factors == pytest.approx([1, 1, 1, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0], abs=1e-12)
    assert learning_rate_factor(10, 10, 5) == 0
    assert [learning_rate_factor(epoch, 3, 0) for epoch in (1, 2, 3)] == [1, 1, 0]


@pytest.mark.parametrize("decay", [0, 1])
def test_a_single_epoch_learns(decay: int) -> None:
    assert learning_rate_factor(1, 1, decay) == 1
    assert [learning_rate_factor(epoch, 2, 1) for epoch in (1, 2)] == [0.5, 0]


@pytest.mark.parametrize(("epoch", "epochs", "decay"), [(0, 5, 2), (6, 5, 2), (1, 5, 6), (1, 5, -1)])
def test_impossible_schedules_are_refused(epoch: int, epochs: int, decay: int) -> None:
    with pytest.raises(SettingsError, match=f"found epoch {epoch}, {epochs} epochs, {decay} of them"):
        learning_rate_factor(epoch, epochs, decay)
