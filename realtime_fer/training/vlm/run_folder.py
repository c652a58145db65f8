"""What a run leaves behind, and how it is taken up again.

last.pt        what was trained, optimiser and history after the newest saved step; `--resume` goes on from it
recipe.json    what the run was started with
history.json, history.csv, curves.png    loss, learning rate and gradient norm of every step
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

from realtime_fer.training.loop.run_files import (
    CHECKPOINT_NAME,
    CURVES_NAME,
    HISTORY_NAME,
    TABLE_NAME,
    History,
    Panel,
    draw_panels,
    require_no_run,
    require_same,
    require_writable,
    save_checkpoint,
    write_history,
    write_table,
)
from realtime_fer.training.loop.run_loop import resumed
from realtime_fer.training.vlm.recipe import StepRecipe

RECIPE_NAME: Final = "recipe.json"

PANELS: Final = (
    Panel("Loss", "cross-entropy of answers", {"loss": "loss"}),
    Panel("Learning rate", "share of the peak", {"rate": "rate"}),
    Panel("Gradient", "norm before clipping", {"gradient_norm": "norm"}),
)

CONTENTS: Final = frozenset(("recipe", "step", "optimizer", "history", "records", "base"))
"""Of every checkpoint, besides what was trained."""

AnyRecipe = TypeVar("AnyRecipe", bound=StepRecipe)


def begin(out: Path, recipe: StepRecipe) -> None:
    """Make the folder of a new run.

    Raises:
        DatasetError: there is a run in it, or it cannot be written to.
    """
    require_no_run(out)
    require_writable(out)
    (out / RECIPE_NAME).write_text(json.dumps(asdict(recipe), indent=1) + "\n", encoding="utf-8")


def taken_up(
    out: Path, recipe_type: type[AnyRecipe], own: frozenset[str], *, records: str, base: str
) -> tuple[AnyRecipe, dict[str, Any]]:
    """The recipe of the run in a folder, and all that its checkpoint holds.

    Args:
        recipe_type: of this training.
        own: what its checkpoints hold besides `CONTENTS`.
        records, base: short names of the data and of the model, which must be what they were.

    Raises:
        DatasetError: there is no checkpoint, it is of another training, or data or model have changed.
    """
    path = out / CHECKPOINT_NAME
    recipe, saved = resumed(out, recipe_type, lambda held: held == CONTENTS | own)
    require_same(path, "--data", saved["records"], records)
    require_same(path, "--model", saved["base"], base)
    return recipe, saved


def leave(out: Path, contents: Mapping[str, Any]) -> None:
    """Write checkpoint, history and curves; see `CONTENTS` for what is asked of the contents."""
    history: History = contents["history"]
    save_checkpoint(out / CHECKPOINT_NAME, contents)
    write_history(out / HISTORY_NAME, history)
    write_table(out / TABLE_NAME, history)
    draw_panels(history, PANELS, out / CURVES_NAME)
