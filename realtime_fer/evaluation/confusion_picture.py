"""A confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError, missing_extra

CONFUSION_NAME = "confusion.png"

DARK = 0.5
"""From this share on a cell is so dark that its number is white."""


def require_drawing() -> None:
    """Say at once, before hours of evaluation, that the picture could not be drawn.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise missing_extra("drawing a confusion matrix", "demo", error) from error


def draw_confusion(path: Path, confusion: npt.NDArray[np.integer], classes: Sequence[str], title: str) -> Path:
    """Write a confusion matrix as PNG: shares of each true class in colour, counts in numbers.

    Args:
        confusion: counts (C, C), rows true, columns seen; a row without a face stays white.
        classes: names of the C classes.

    Raises:
        DatasetError: it cannot be written there.
        MissingExtraError: matplotlib is not installed.
    """
    require_drawing()
    from matplotlib.figure import Figure

    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    count = len(classes)
    figure = Figure(figsize=(2.9 + 0.62 * count, 1.7 + 0.52 * count), layout="constrained")
    axes = figure.subplots()
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(count), classes, rotation=40, ha="right")
    axes.set_yticks(range(count), [f"{name} ({faces})" for name, faces in zip(classes, confusion.sum(axis=1), strict=True)])
    axes.set(xlabel="seen as", ylabel="true class (faces)")
    axes.set_title(title, fontsize=10)
    for (row, column), faces in np.ndenumerate(confusion):
        if faces:
            colour = "white" if shares[row, column] > DARK else "black"
            axes.text(column, row, str(faces), ha="center", va="center", color=colour, fontsize=9)
    figure.colorbar(picture, ax=axes, label="share of the true class")
    try:
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise DatasetError(f"{path}: cannot write the picture ({error.strerror}); name a folder you may write to") from error
    return path
