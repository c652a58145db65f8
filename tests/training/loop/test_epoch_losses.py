from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.errors import ModelError  # noqa: E402
from realtime_fer.training.loop.epoch_losses import EpochLosses  # noqa: E402

pytestmark = pytest.mark.torch


class _Processes:
    """As if so many processes had summed up the same."""

    def __init__(self, count: int) -> None:
        self._count = count

    def reduce(self, value: Any, how: str) -> Any:
        assert how == "sum"
        return value * self._count


class _Told:
    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int, str]] = []

    def line(self, text: str) -> None:
        raise AssertionError(text)

    def step(self, what: str, done: int, total: int, figures: str) -> None:
        self.steps.append((what, done, total, figures))


def losses(value: float) -> dict[str, Any]:
    return {"loss": torch.tensor(value, requires_grad=True), "war": torch.tensor(1.0)}


@pytest.mark.parametrize("processes", [1, 3])
def test_means_are_over_samples_and_told_now_and_then(processes: int) -> None:
    told = _Told()
    sums = EpochLosses(_Processes(processes), "epoch 2/5", 13, told, "")
    for step in range(13):
        sums.add(losses(0.0 if step else 4.0), 4 if step else 2)
    assert sums.means() == {"loss": pytest.approx(8 / 50), "war": 1.0}
    assert told.steps == [("epoch 2/5", 10, 13, "loss 0.2105"), ("epoch 2/5", 13, 13, "loss 0.1600")]


def test_a_loss_that_is_no_number_ends_the_run() -> None:
    sums = EpochLosses(_Processes(1), "epoch 2/5", 3, _Told(), "go slower")
    sums.add(losses(float("inf")), 2)
    sums.add(losses(1.0), 2)
    with pytest.raises(ModelError, match=r"^epoch 2, step 3: the loss is inf, expected a number; go slower$"):
        sums.add(losses(1.0), 2)
