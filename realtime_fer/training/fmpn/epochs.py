"""The epochs of one stage: published schedule, a checkpoint after each, and going on from one.

Nothing is chosen on held-out faces: the last epoch is the model. A run that is stopped after an epoch and resumed ends with
the same weights as one that was never stopped.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from realtime_fer.errors import missing_extra
from realtime_fer.training.fmpn.faces import LabelledFaces
from realtime_fer.training.fmpn.optimisation import set_rate
from realtime_fer.training.fmpn.pseudo_masks import MaskPictures
from realtime_fer.training.fmpn.recipe import FmpnRecipe
from realtime_fer.training.fmpn.samples import FaceSamples, batches, shuffled
from realtime_fer.training.fmpn.schedule import learning_rate_factor
from realtime_fer.training.fmpn.stages import Stage
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
    recipe: FmpnRecipe,
    out: Path,
    *,
    faces: LabelledFaces,
    held_out: LabelledFaces,
    masks: MaskPictures,
    saved: Mapping[str, Any] | None,
    device: str = "cpu",
    workers: int = 0,
    stop_after: int | None = None,
    tell: Tell = log.info,
) -> Path:
    """Train and return the path of the checkpoint; it, `history.json` and `curves.png` are written after each epoch.

    After the last one the weights are also written as the authors' code writes them.

    Args:
        out: run folder, which exists.
        faces, held_out: to learn from, and for figures after each epoch (may be none).
        masks: of each class.
        saved: a checkpoint to go on from.
        workers: processes that make samples.
        stop_after: leave after so many epochs of the schedule.
        tell: told a line every few seconds and after each epoch.
    """
    torch.manual_seed(recipe.seed)
    network = stage.network().to(device)
    optimizer = stage.optimizer(network)
    epoch, history = 0, []
    if saved:
        network.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        epoch, history = saved["epoch"], list(saved["history"])
    unseen = FaceSamples(held_out, masks, size_px=recipe.size_px, colour=stage.colour)
    while epoch < min(recipe.epochs, stop_after or recipe.epochs):
        began = time.monotonic()
        # Dropout draws from torch's generator: each epoch starts it anew, so that it does not matter who came before.
        torch.manual_seed(recipe.seed + 1 + epoch)
        factor = learning_rate_factor(epoch + 1, recipe.epochs, recipe.decay_epochs)
        set_rate(optimizer, factor)
        samples = FaceSamples(faces, masks, size_px=recipe.size_px, colour=stage.colour, seed=recipe.seed, epoch=epoch)
        order = shuffled(len(faces), recipe.seed, epoch)
        shown = _on(device, batches(samples, order, recipe.batch, workers))
        losses = _train_epoch(stage, network, optimizer, shown, _progress(tell, epoch, recipe, len(faces)))
        epoch += 1
        contents: dict[str, Any] = {}
        row = {"epoch": float(epoch), **losses}
        if len(held_out):
            network.eval()
            with torch.no_grad():
                every = batches(unseen, np.arange(len(held_out)), recipe.batch, workers)
                figures, contents = stage.held_out(network, _on(device, every))
            row |= figures
        history.append({**row, "rate_factor": factor, "seconds": time.monotonic() - began})
        tell(", ".join(f"{name} {value:.4g}" for name, value in history[-1].items()))
        contents |= {"recipe": asdict(recipe), "labels": list(faces.labels), "epoch": epoch, "history": history}
        contents |= {"model": network.state_dict(), "optimizer": optimizer.state_dict()}
        save_checkpoint(out / CHECKPOINT_NAME, contents)
        write_history(out / HISTORY_NAME, history)
        draw_panels(history, stage.panels(held_out=bool(len(held_out))), out / CURVES_NAME)
        if epoch == recipe.epochs:
            stage.save(network, out, str(epoch))
    return out / CHECKPOINT_NAME


def _train_epoch(stage: Stage, network: Any, optimizer: Any, shown: Iterable[Any], told: Any) -> dict[str, float]:
    """Mean of each loss over the faces of the epoch."""
    network.train()
    sums: dict[str, float] = {}
    count = 0
    for batch in shown:
        losses = stage.losses(network, batch)
        minimised: Any = next(iter(losses.values()))
        optimizer.zero_grad(set_to_none=True)
        minimised.backward()
        optimizer.step()
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
