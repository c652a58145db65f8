"""What a training leaves in its run folder as it goes: checkpoint, history, curves. Each appears whole or not at all."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime_fer.errors import DatasetError, missing_extra

try:
    import torch
except ImportError as error:
    raise missing_extra("training a network", "train", error) from error

CHECKPOINT_NAME = "last.pt"
HISTORY_NAME = "history.json"
TABLE_NAME = "history.csv"
CURVES_NAME = "curves.png"

STILL_TO_DO = "the same command with --resume, without --stop-after"
"""What follows a run that was left before its last epoch."""

GOES_ON = "goes on after epoch {done} of {epochs} by the recipe of the run; options that say otherwise are not looked at"
"""Told when a run is resumed."""

History = list[dict[str, float]]
"""One row an epoch (its number, the mean of each loss, held-out figures, seconds), or one a step."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the drawings of a curves file, against the epoch.

    Attributes:
        lines: column of the history -> its name in the legend; one line needs no legend.
    """

    title: str
    y_label: str
    lines: Mapping[str, str]


def require_writable(out: Path) -> None:
    """Make a folder, and raise unless something can be written there: hours of training shall not end in nothing.

    Raises:
        DatasetError: it cannot.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise DatasetError(f"{out}: expected a folder to write to, found none ({error.strerror}); name another") from error


def require_no_run(out: Path) -> None:
    """Raise unless a new run can begin in a folder.

    Raises:
        DatasetError: there is a run in it.
    """
    if (out / CHECKPOINT_NAME).exists():
        raise DatasetError(
            f"{out}: expected a folder without a run, found {CHECKPOINT_NAME}; --resume it, or name another --out"
        )


def require_same(checkpoint: Path, option: str, then: object, now: object) -> None:
    """Raise unless a run goes on with what it was started with; `then` and `now` are short names of that.

    Raises:
        DatasetError: they differ.
    """
    if then != now:
        raise DatasetError(
            f"{checkpoint}: was made with other {option} ({then}, now {now}); resume with what it was started with"
        )


def require_checkpoint(path: Path) -> None:
    """Raise DatasetError where there is no such file."""
    if not path.is_file():
        raise DatasetError(
            f"{path}: expected the checkpoint of an earlier run, found none; train it first, or start without resuming"
        )


def load_checkpoint(path: Path) -> dict[str, Any]:
    """What `save_checkpoint` wrote, on the CPU.

    Raises:
        DatasetError: there is no such file, or it is no checkpoint.
    """
    require_checkpoint(path)
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken pickle raises whatever it likes
        raise DatasetError(f"{path}: expected the checkpoint of an earlier run, found a file torch cannot load") from error
    if not isinstance(saved, dict) or "recipe" not in saved:
        raise DatasetError(f"{path}: expected the checkpoint of an earlier run, found another torch file")
    return saved


def save_checkpoint(path: Path, contents: Mapping[str, Any]) -> None:
    """Write tensors and plain values (`torch.load` reads them with `weights_only`)."""
    partial = path.with_suffix(".partial")
    torch.save(dict(contents), partial)
    partial.replace(path)


def write_history(path: Path, history: History) -> None:
    """The history as JSON."""
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_text(json.dumps(history, indent=1), encoding="utf-8")
    partial.replace(path)


def write_table(path: Path, history: History) -> None:
    """The history as CSV, whose columns are those of its newest row."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(history[-1]) if history else [])
        writer.writeheader()
        writer.writerows(history)
    partial.replace(path)


def draw_panels(history: History, panels: Sequence[Panel], path: Path) -> None:
    """The panels side by side as a PNG; silently nothing without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(4.5 * len(panels), 3.4), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for column, name in panel.lines.items():
            # A line through one point would not be seen.
            axes.plot(epochs, [row[column] for row in history], label=name, marker="o" if len(epochs) == 1 else "")
        axes.locator_params(axis="x", integer=True)
        axes.set(xlabel="epoch", ylabel=panel.y_label, title=panel.title)
        if len(panel.lines) > 1:
            axes.legend()
    figure.savefig(path, dpi=110)
