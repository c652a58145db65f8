"""The loop itself, on a straight line to be learned; the trainings that use it are tested beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("accelerate", reason="needs the vlm extra")

from realtime_fer.errors import ModelError  # noqa: E402
from realtime_fer.training.vlm.processes import accelerator_for  # noqa: E402
from realtime_fer.training.vlm.recipe import StepRecipe  # noqa: E402
from realtime_fer.training.vlm.steps import SMALLEST_LOSS_SCALE, StepRun, StepTask  # noqa: E402

pytestmark = pytest.mark.torch

RECIPE = StepRecipe(epochs=1, batch=4, micro_batch=2, peak_learning_rate=0.1, weight_decay=0.0, save_every=2)


class Numbers(NamedTuple):
    x: Any

    def to(self, _device: Any) -> Numbers:
        return self


class Line(torch.nn.Module):  # type: ignore[name-defined,misc]
    """Learns to be twice its input, and forgets half of it each time."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.factor = factor

    def forward(self, batch: Numbers) -> Any:
        return self.factor * ((torch.dropout(self.weight * batch.x, 0.5, True) - 2 * batch.x) ** 2).mean()


def task_of(line: Line, scaler: Any = None) -> StepTask:
    def restore(tensors: Mapping[str, Any]) -> None:
        line.weight.data.copy_(tensors["weight"])

    return StepTask(
        loss=line,
        groups=[{"params": [line.weight], "lr": 0.1, "peak": 0.1}],
        share_of_peak=lambda step: 1 / (1 + step),
        trained=lambda: {"weight": line.weight.detach().clone()},
        restore=restore,
        scaler=scaler,
    )


def run_of(line: Line, saved: Any = None, scaler: Any = None) -> StepRun:
    return StepRun(accelerator_for("cpu"), RECIPE, task_of(line, scaler), 8, saved)


def micro_batches(first_step: int = 0) -> Iterator[Numbers]:
    for number in range(2 * first_step, 100):
        yield Numbers(torch.arange(2.0) + number)


def test_it_saves_tells_and_goes_on_to_the_same_end(tmp_path: Path) -> None:
    told: list[str] = []

    def save(contents: dict[str, Any]) -> None:
        torch.save(contents, tmp_path / f"{contents['step']}.pt")

    whole = Line()
    run_of(whole).run_to(5, micro_batches(), total=5, save=save, tell=told.append)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.pt", "4.pt", "5.pt"]
    history = torch.load(tmp_path / "5.pt", weights_only=True)["history"]
    assert told[-1].startswith("step 5/5, epoch 2.50/1, loss ")
    assert [row["rate"] for row in history] == [1 / (1 + step) for step in range(5)]
    again = Line()
    resumed = run_of(again, torch.load(tmp_path / "2.pt", weights_only=True))
    assert (resumed.step, resumed.trainable) == (2, 1)
    resumed.run_to(5, micro_batches(2), total=5, save=save, tell=told.append)
    assert torch.equal(again.weight, whole.weight)
    assert [{**row, "seconds": 0} for row in resumed.history] == [{**row, "seconds": 0} for row in history]


def test_a_loss_that_is_no_number_stops_it_and_leaves_the_weights() -> None:
    line = Line(float("nan"))
    with pytest.raises(ModelError, match="step 1: the loss is nan and the gradient's norm nan, expected numbers"):
        run_of(line).take_step(micro_batches())
    assert float(line.weight.detach()) == 0


def test_gradients_too_large_for_the_scale_are_left_out_until_the_scale_is_small() -> None:
    line = Line(1e18)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**70, growth_interval=1)
    run, batches = run_of(line, scaler=scaler), micro_batches()
    row = run.take_step(batches)
    assert not math.isfinite(row["gradient_norm"])
    assert float(line.weight.detach()) == 0
    assert scaler.get_scale() == 2.0**69
    while float(line.weight.detach()) == 0:
        run.take_step(batches)
    assert "scaler" in run.contents()


def test_gradients_that_no_scale_helps_stop_it() -> None:
    class Steep(Line):
        def forward(self, batch: Numbers) -> Any:
            return self.weight.sqrt().sum()  # infinitely steep at 0

    run = run_of(Steep(), scaler=torch.amp.GradScaler("cpu", init_scale=SMALLEST_LOSS_SCALE * 2))
    run.take_step(micro_batches())
    with pytest.raises(ModelError, match=r"step 2: the loss is 0\.0 and the gradient's norm (inf|nan)"):
        run.take_step(micro_batches())
