"""The epochs of one stage: a checkpoint after each, and going on from one.

Nothing is chosen on held-out faces: the last epoch is the model. A run that is stopped after an epoch and resumed ends with
the same weights as one that was never stopped.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from realtime_fer.errors import missing_extra
from realtime_fer.training.fmpn.recipe import FmpnRecipe
from realtime_fer.training.fmpn.stages import Stage
from realtime_fer.training.fmpn.trainer import Trainer
from realtime_fer.training.fmpn.way import Way
from realtime_fer.training.loop.progress import TrainingProgress, told
from realtime_fer.training.loop.run_files import (
    CHECKPOINT_NAME,
    CURVES_NAME,
    HISTORY_NAME,
    TABLE_NAME,
    draw_panels,
    save_checkpoint,
    write_history,
    write_table,
)

try:
    from accelerate import Accelerator
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error


def run_epochs(
    accelerator: Accelerator,
    stage: Stage,
    way: Way,
    recipe: FmpnRecipe,
    out: Path,
    *,
    about: Mapping[str, Any],
    has_held_out: bool,
    saved: Mapping[str, Any] | None,
    progress: TrainingProgress,
    stop_after: int | None = None,
) -> Path:
    """Train and return the path of the checkpoint; it, both histories and the curves are written after each epoch.

    After the last one the weights are also written as the authors' code writes them, if it knows such a network.

    Args:
        accelerator: where; only its first process writes.
        stage: what is trained.
        way: how.
        out: run folder, which exists.
        about: what the checkpoint says of the data.
        has_held_out: whether `way` has held-out faces for figures after each epoch.
        saved: a checkpoint to go on from.
        progress: told every few steps and after each epoch.
        stop_after: leave after so many epochs of the schedule.

    Raises:
        ModelError: the loss is no number any more.
    """
    trainer = Trainer(accelerator, stage, way, recipe, saved)
    while trainer.epoch < min(recipe.epochs, stop_after or recipe.epochs):
        began = time.monotonic()
        row = trainer.train_epoch(progress)
        if accelerator.is_main_process:
            factor = row.pop("rate_factor")
            figures, contents = trainer.held_out() if has_held_out else ({}, {})
            row = {"epoch": float(trainer.epoch), **row, **figures, "rate_factor": factor}
            trainer.history.append({**row, "seconds": time.monotonic() - began})
            progress.line(told(trainer.history[-1]))
            save_checkpoint(out / CHECKPOINT_NAME, {**contents, **about, "recipe": asdict(recipe), **trainer.contents()})
            write_history(out / HISTORY_NAME, trainer.history)
            write_table(out / TABLE_NAME, trainer.history)
            draw_panels(trainer.history, stage.panels(held_out=has_held_out), out / CURVES_NAME)
            if trainer.epoch == recipe.epochs:
                stage.save(trainer.model, out, str(trainer.epoch))
        accelerator.wait_for_everyone()
    return out / CHECKPOINT_NAME
