"""A confusion matrix as a picture."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError, missing_extra

CONFUSION_NAME = "confusion.png"

TITLE_CHARACTERS_PER_INCH = 11
"""Of the font that the title is set in; a longer one goes on in another line."""

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
    # Room for the names, which stand beside and, slanting, below; inches.
    longest = max(map(len, classes))
    width_in = 2.1 + 0.09 * longest + 0.62 * count
    figure = Figure(figsize=(width_in, 1.2 + 0.055 * longest + 0.52 * count), layout="constrained")
    axes = figure.subplots()
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(count), classes, rotation=40, ha="right")
    axes.set_yticks(range(count), [f"{name} ({faces})" for name, faces in zip(classes, confusion.sum(axis=1), strict=True)])
    axes.set(xlabel="seen as", ylabel="true class (faces)")
    figure.suptitle(textwrap.fill(title, round(TITLE_CHARACTERS_PER_INCH * width_in)), fontsize=10)
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
