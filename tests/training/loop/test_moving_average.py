from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from realtime_fer.training.loop.moving_average import DECAY, update_average  # noqa: E402

pytestmark = pytest.mark.torch


def test_the_first_step_hardly_stays_and_later_ones_fade_slowly() -> None:
    average, model = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    torch.nn.init.zeros_(average.weight)
    torch.nn.init.ones_(model.weight)
    update_average(average, model, 0)
    assert average.weight[0, 0].item() == pytest.approx(0.9)
    torch.nn.init.zeros_(average.weight)
    update_average(average, model, 1_000_000)
    assert average.weight[0, 0].item() == pytest.approx(1 - DECAY, rel=1e-3)
    assert model.weight[0, 0].item() == 1, "the network itself is left alone"


def test_statistics_are_averaged_and_counters_copied() -> None:
    average, model = torch.nn.BatchNorm1d(1), torch.nn.BatchNorm1d(1)
    model.running_mean += 10
    model.num_batches_tracked += 7
    update_average(average, model, 0)
    assert average.running_mean.item() == pytest.approx(9)
    assert average.num_batches_tracked.item() == 7
