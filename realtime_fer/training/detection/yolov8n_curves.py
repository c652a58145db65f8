"""The curves of a detector's training, from the table that ultralytics keeps of it."""

from __future__ import annotations

import csv
from pathlib import Path

from realtime_fer.errors import DatasetError
from realtime_fer.training.loop.run_files import Panel, draw_panels

PANELS = (
    Panel("Boxes", "loss", {"train/box_loss": "overlap (CIoU)", "train/dfl_loss": "edges (distribution focal)"}),
    Panel("Face or not", "loss", {"train/cls_loss": "binary cross-entropy"}),
)


def draw_detector_curves(results: Path, picture: Path) -> None:
    """Training losses against the epoch, as a PNG.

    Args:
        results: `results.csv` of the run.
        picture: where to draw.

    Raises:
        DatasetError: the table is missing or lacks a column.
    """
    columns = ["epoch", *(column for panel in PANELS for column in panel.lines)]
    try:
        with results.open(newline="", encoding="utf-8") as file:
            # Some versions pad the names with spaces.
            rows = [{key.strip(): value for key, value in row.items()} for row in csv.DictReader(file)]
        history = [{column: float(row[column]) for column in columns} for row in rows]
    except OSError as error:
        raise DatasetError(f"{results}: expected the table of a training run, found none ({error.strerror})") from error
    except (KeyError, ValueError) as error:
        raise DatasetError(f"{results}: expected numbers in {', '.join(columns)}; found otherwise ({error})") from error
    draw_panels(history, PANELS, picture)
