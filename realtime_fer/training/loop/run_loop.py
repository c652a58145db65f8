"""The loop that our own trainings share: one-cycle AdamW, moving average, checkpoints, and going on from one.

A `TrainingTask` says what is its own: network, batches, losses, held-out figures. A run that is stopped after an epoch and
resumed ends with the same weights as one that was never stopped.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from realtime_fer.errors import DatasetError, ModelError, SettingsError, missing_extra
from realtime_fer.training.loop.moving_average import update_average
from realtime_fer.training.loop.run_files import (
    CHECKPOINT_NAME,
    CURVES_NAME,
    GOES_ON,
    HISTORY_NAME,
    History,
    load_checkpoint,
    require_no_run,
    require_same,
    require_writable,
    save_checkpoint,
    write_history,
)
from realtime_fer.training.loop.task import TrainingTask

try:
    import torch
except ImportError as error:
    raise missing_extra("training a network", "train", error) from error

log = logging.getLogger(__name__)

LOG_EVERY_S = 20.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What every run is started with, and its checkpoint keeps; trainings add their own.

    Attributes:
        epochs: of the one schedule.
        peak_learning_rate: AdamW's, at the top of the one-cycle schedule.
        limit: at most so many samples, for a quick trial.
    """

    epochs: int
    batch: int
    peak_learning_rate: float
    weight_decay: float
    seed: int
    limit: int | None


AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)
KeptRecipe = TypeVar("KeptRecipe")
"""Trainings with a loop of their own keep recipes of other kinds."""


@dataclass(slots=True)
class TrainingRun:
    """Where a training stands; `epoch` counts those that are done."""

    model: Any
    average: Any
    optimizer: Any
    epoch: int = 0
    history: History = field(default_factory=list)


@contextmanager
def training_arithmetic(threads: int | None) -> Iterator[None]:
    """Inside, torch uses so many CPU threads (None leaves them) and takes denormal numbers for zero; both end with it."""
    before = torch.get_num_threads()
    if threads:
        torch.set_num_threads(threads)
    # Gradients of dead units fade into denormal numbers, which slow a CPU down a hundredfold.
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)


def resumed(
    out: Path, recipe_type: type[KeptRecipe], is_ours: Callable[[Set[str]], bool] | None = None
) -> tuple[KeptRecipe, dict[str, Any]]:
    """The recipe of the run in the folder `out`, and all that its checkpoint holds.

    Args:
        is_ours: whether what a checkpoint holds, by name, is this training's; None asks the recipe alone.

    Raises:
        DatasetError: there is no checkpoint, or it is of another training.
    """
    path = out / CHECKPOINT_NAME
    saved = load_checkpoint(path)
    try:
        if is_ours is not None and not is_ours(saved.keys()):
            raise TypeError(f"it holds {', '.join(sorted(map(str, saved)))}")
        return recipe_type(**saved["recipe"]), saved
    except TypeError as error:
        raise DatasetError(f"{path}: expected the checkpoint of this training, found one of another ({error})") from error


def begun_or_resumed(out: Path, recipe: AnyRecipe, resume: bool) -> tuple[AnyRecipe, dict[str, Any] | None]:
    """The recipe of a new run, and None; or of the run in the folder, and what its checkpoint holds.

    Raises:
        DatasetError: there is a run already where one is to begin; or, to be resumed, none, or one of another training.
    """
    if resume:
        return resumed(out, type(recipe))
    require_no_run(out)
    return recipe, None


def require_device(device: str) -> None:
    """Raise unless torch computes there.

    Raises:
        SettingsError: it is no device, or not here.
    """
    try:
        torch.zeros(1, device=device)
        torch.Generator(device=device)
    except Exception as error:  # torch raises whatever it likes, an AssertionError too
        raise SettingsError(f"device: expected one that torch has, found {device!r}; try --device cpu") from error


def train_run(
    task: TrainingTask,
    recipe: Recipe,
    out: Path,
    *,
    saved: Mapping[str, Any] | None,
    device: str,
    data: str,
    stop_after: int | None = None,
    tell: Tell = log.info,
) -> Path:
    """Train and return the path of the checkpoint; it, `history.json` and `curves.png` are written after each epoch.

    Args:
        out: run folder, made when absent.
        saved: a checkpoint to go on from, see `resumed`.
        data: a short name for what is learned from, that changes when it does; a run goes on with the same alone.
        stop_after: leave after so many epochs of the schedule.
        tell: told a line every few seconds and after each epoch.

    Raises:
        DatasetError: `out` cannot be written to, or the run was started with other data.
        ModelError: the loss is no number any more.
    """
    if saved is not None:  # checkpoints of earlier versions say nothing of their data
        require_same(out / CHECKPOINT_NAME, "--data", saved.get("data", data), data)
        tell(GOES_ON.format(done=saved["epoch"], epochs=recipe.epochs))
    require_writable(out)
    run = _start(task, recipe, device, saved)
    while run.epoch < min(recipe.epochs, stop_after or recipe.epochs):
        began = time.monotonic()
        losses = _train_epoch(task, recipe, run, tell)
        run.epoch += 1
        row = {"epoch": float(run.epoch), **losses, **task.held_out_figures(run.average)}
        run.history.append({**row, "seconds": time.monotonic() - began})
        tell(", ".join(f"{name} {value:.4g}" for name, value in run.history[-1].items()))
        contents = {
            "recipe": asdict(recipe),
            "data": data,
            "epoch": run.epoch,
            "history": run.history,
            "model": run.model.state_dict(),
            "average": run.average.state_dict(),
            "optimizer": run.optimizer.state_dict(),
            **task.own_contents(),
        }
        save_checkpoint(out / CHECKPOINT_NAME, contents)
        write_history(out / HISTORY_NAME, run.history)
        task.draw(run.history, out / CURVES_NAME)
    return out / CHECKPOINT_NAME


def one_cycle(step: int, steps: int, peak: float, warm_up_fraction: float) -> float:
    """Learning rate of a step: linear up to `peak`, then a cosine down to zero. A function of the step alone.

    Source: Smith and Topin, "Super-Convergence", arXiv 1708.07120; the cosine as in PyTorch's OneCycleLR.
    """
    warm_up = max(1, round(warm_up_fraction * steps))
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


def _start(task: TrainingTask, recipe: Recipe, device: str, saved: Mapping[str, Any] | None) -> TrainingRun:
    torch.manual_seed(recipe.seed)
    model = task.network().to(device, memory_format=torch.channels_last)
    average = task.network().to(device, memory_format=torch.channels_last)
    average.load_state_dict(model.state_dict())
    average.requires_grad_(False)
    decayed: list[Any] = []
    plain: list[Any] = []
    for name, parameter in model.named_parameters():
        (decayed if parameter.ndim > 1 and name not in task.never_decayed else plain).append(parameter)
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    run = TrainingRun(model, average, torch.optim.AdamW(groups, lr=recipe.peak_learning_rate))
    if saved:
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        run.optimizer.load_state_dict(saved["optimizer"])
        run.epoch, run.history = saved["epoch"], list(saved["history"])
        task.restore(saved)
    return run


def _train_epoch(task: TrainingTask, recipe: Recipe, run: TrainingRun, tell: Tell) -> dict[str, float]:
    """Mean of each loss over the epoch."""
    batches = task.batches(run.epoch)
    steps, told = len(batches), time.monotonic()
    sums: dict[str, float] = {}
    run.model.train()
    for step, batch in enumerate(batches):
        number = run.epoch * steps + step
        rate = one_cycle(number, recipe.epochs * steps, recipe.peak_learning_rate, task.warm_up_fraction)
        for group in run.optimizer.param_groups:
            group["lr"] = rate
        losses = task.losses(run.model, batch)
        name = next(iter(losses))
        minimised: Any = losses[name]
        run.optimizer.zero_grad(set_to_none=True)
        minimised.backward()
        torch.nn.utils.clip_grad_norm_(run.model.parameters(), task.clip_norm)
        run.optimizer.step()
        update_average(run.average, run.model, number)
        for part, value in losses.items():
            sums[part] = sums.get(part, 0.0) + float(value.detach())
        if not math.isfinite(sums[name]):
            raise ModelError(
                f"epoch {run.epoch + 1}, step {step + 1}: the loss is {sums[name]}, expected a number; only the epochs "
                "before are saved; start again with a lower --peak-learning-rate"
            )
        if time.monotonic() - told > LOG_EVERY_S:
            told = time.monotonic()
            tell(f"epoch {run.epoch + 1}/{recipe.epochs}, step {step + 1}/{steps}, {name} {sums[name] / (step + 1):.4f}")
    return {part: value / steps for part, value in sums.items()}
