"""The epochs of one stage: a checkpoint after each, and going on from one.

Nothing is chosen on held-out faces: the last epoch is the model. A run that is stopped after an epoch and resumed ends with
the same weights as one that was never stopped.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from realtime_fer.errors import missing_extra
from realtime_fer.training.fmpn.optimisation import set_rate
from realtime_fer.training.fmpn.recipe import FmpnRecipe
from realtime_fer.training.fmpn.stages import Stage
from realtime_fer.training.fmpn.way import Way
from realtime_fer.training.run_files import (
    CHECKPOINT_NAME,
    CURVES_NAME,
    HISTORY_NAME,
    draw_panels,
    save_checkpoint,
    write_history,
)
from realtime_fer.training.run_loop import LOG_EVERY_S, Tell

try:
    import torch
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error

log = logging.getLogger(__name__)


def run_epochs(
    stage: Stage,
    way: Way,
    recipe: FmpnRecipe,
    out: Path,
    *,
    about: Mapping[str, Any],
    has_held_out: bool,
    saved: Mapping[str, Any] | None,
    device: str = "cpu",
    stop_after: int | None = None,
    tell: Tell = log.info,
) -> Path:
    """Train and return the path of the checkpoint; it, `history.json` and `curves.png` are written after each epoch.

    After the last one the weights are also written as the authors' code writes them, if it knows such a network.

    Args:
        stage: what is trained.
        way: how.
        out: run folder, which exists.
        about: what the checkpoint says of the data.
        has_held_out: whether `way` has held-out faces for figures after each epoch.
        saved: a checkpoint to go on from.
        stop_after: leave after so many epochs of the schedule.
        tell: told a line every few seconds and after each epoch.
    """
    torch.manual_seed(recipe.seed)
    network = stage.network().to(device, memory_format=way.memory_format)
    average = copy.deepcopy(network).requires_grad_(False) if way.averages else None
    optimizer = way.optimizer(stage.parts(network))
    epoch, history = 0, []
    if saved:
        network.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        if average is not None:
            average.load_state_dict(saved["average"])
        epoch, history = saved["epoch"], list(saved["history"])
    model = network if average is None else average
    while epoch < min(recipe.epochs, stop_after or recipe.epochs):
        began = time.monotonic()
        # Dropout draws from torch's generator: each epoch starts it anew, so that it does not matter who came before.
        torch.manual_seed(recipe.seed + 1 + epoch)
        told = _progress(tell, epoch, recipe, way.faces_an_epoch())
        losses = _train_epoch(stage, way, (network, average, optimizer), epoch, device=device, told=told)
        epoch += 1
        contents: dict[str, Any] = {}
        row = {"epoch": float(epoch), **losses}
        if has_held_out:
            model.eval()
            with torch.no_grad():
                figures, contents = stage.held_out(model, _on(device, way.held_out_batches()))
            row |= figures
        factor = optimizer.param_groups[0]["lr"] / (optimizer.param_groups[0]["initial_lr"] or 1)
        history.append({**row, "rate_factor": factor, "seconds": time.monotonic() - began})
        tell(", ".join(f"{name} {value:.4g}" for name, value in history[-1].items()))
        contents |= {**about, "recipe": asdict(recipe), "epoch": epoch, "history": history}
        contents |= {"model": network.state_dict(), "optimizer": optimizer.state_dict()}
        if average is not None:
            contents["average"] = average.state_dict()
        save_checkpoint(out / CHECKPOINT_NAME, contents)
        write_history(out / HISTORY_NAME, history)
        draw_panels(history, stage.panels(held_out=has_held_out), out / CURVES_NAME)
        if epoch == recipe.epochs:
            stage.save(model, out, str(epoch))
    return out / CHECKPOINT_NAME


def _train_epoch(
    stage: Stage, way: Way, state: tuple[Any, Any, Any], epoch: int, *, device: str, told: Any
) -> dict[str, float]:
    """Mean of each loss over the faces of the epoch; `state` is network, average (or None) and optimizer."""
    network, average, optimizer = state
    network.train()
    sums: dict[str, float] = {}
    count = 0
    for step, batch in enumerate(_on(device, way.batches(epoch))):
        set_rate(optimizer, way.rate_factor(epoch, step))
        with way.arithmetic():
            losses = stage.losses(network, batch)
        minimised: Any = next(iter(losses.values()))
        optimizer.zero_grad(set_to_none=True)
        minimised.backward()
        way.take_step(network, average, optimizer, epoch, step)
        size = len(batch["class"])
        count += size
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + size * float(value.detach())
        told(count, sums)
    return {name: value / count for name, value in sums.items()}


def _progress(tell: Tell, epoch: int, recipe: FmpnRecipe, faces: int) -> Any:
    """Tells how far the epoch is, every few seconds."""
    last = time.monotonic()

    def told(count: int, sums: Mapping[str, float]) -> None:
        nonlocal last
        if time.monotonic() - last > LOG_EVERY_S:
            last = time.monotonic()
            name, value = next(iter(sums.items()))
            tell(f"epoch {epoch + 1}/{recipe.epochs}, face {count}/{faces}, {name} {value / count:.4f}")

    return told


def _on(device: str, shown: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for batch in shown:
        yield {name: value.to(device) for name, value in batch.items()}
