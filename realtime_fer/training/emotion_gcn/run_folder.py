"""What a run of Emotion-GCN's training leaves behind, and how it is taken up again.

last.pt        as the authors write it (epoch, model_state_dict, optimizer_state_dict), with labels, size and figures besides
best-on-held-out.pt, best-on-test.pt    the same of the best epoch so far, where asked for
emb.npy        the graph's word vectors, in the order of the labels; the export finds them beside the checkpoint
history.json, history.csv, curves.png   losses, rate and figures of every epoch
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from realtime_fer.networks.emotion_gcn.word_embeddings import Embeddings
from realtime_fer.training.emotion_gcn.recipe import EmotionGcnRecipe
from realtime_fer.training.loop.run_files import (
    CHECKPOINT_NAME,
    CURVES_NAME,
    HISTORY_NAME,
    TABLE_NAME,
    History,
    Panel,
    draw_panels,
    require_no_run,
    require_writable,
    save_checkpoint,
    write_history,
    write_table,
)
from realtime_fer.training.loop.run_loop import resumed

EMBEDDINGS_NAME: Final = "emb.npy"

PARTS: Final = {"held_out": "held out", "test": "test"}
"""Prefix of a column of figures -> what it is called in the curves."""


def begin(out: Path, embeddings: Embeddings | None) -> None:
    """Make the folder of a new run.

    Raises:
        DatasetError: there is a run in it, or it cannot be written to.
    """
    require_no_run(out)
    require_writable(out)
    if embeddings is not None:
        np.save(out / EMBEDDINGS_NAME, embeddings)


def taken_up(out: Path) -> tuple[EmotionGcnRecipe, dict[str, Any]]:
    """The recipe of the run in a folder, and all that its checkpoint holds.

    Raises:
        DatasetError: there is no checkpoint, or it is of another training.
    """
    return resumed(out, EmotionGcnRecipe, lambda held: "model_state_dict" in held)


def leave(out: Path, contents: Mapping[str, Any], recipe: EmotionGcnRecipe) -> None:
    """Write checkpoint, history and curves of an epoch, and the best epoch's checkpoint if it is this one."""
    history: History = contents["history"]
    save_checkpoint(out / CHECKPOINT_NAME, contents)
    if recipe.select != "last" and newest_is_best(history, column_selected_on(recipe)):
        save_checkpoint(out / f"{recipe.select}.pt", contents)
    write_history(out / HISTORY_NAME, history)
    write_table(out / TABLE_NAME, history)
    draw_panels(history, panels_of(history), out / CURVES_NAME)


def column_selected_on(recipe: EmotionGcnRecipe) -> str:
    """Column of the history that the kept epoch has the highest value of: accuracy, as published."""
    return "test_war" if recipe.select == "best-on-test" else "held_out_war"


def newest_is_best(history: History, column: str) -> bool:
    """Whether the last epoch is better than all before it; of equals the first is."""
    *before, newest = [row[column] for row in history]
    return all(newest > value for value in before)


def panels_of(history: History) -> list[Panel]:
    """The drawings of what the history has columns for."""
    columns = history[-1]
    losses = {"loss": "sum", "expression_loss": "expressions", "affect_loss": "valence and arousal"}
    panels = [Panel("Training loss", "loss", {column: name for column, name in losses.items() if column in columns})]
    for title, names in (
        ("Recognition", {"war": "WAR", "uar": "UAR"}),
        ("Concordance", {"ccc_valence": "valence", "ccc_arousal": "arousal"}),
    ):
        lines = {
            f"{part}_{figure}": f"{name}, {shown}"
            for part, shown in PARTS.items()
            for figure, name in names.items()
            if f"{part}_{figure}" in columns
        }
        if lines:
            panels.append(Panel(title, "share of faces" if title == "Recognition" else "CCC", lines))
    return panels
