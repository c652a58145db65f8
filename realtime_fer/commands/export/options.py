"""Options that the exports share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from realtime_fer.commands.train.loop_options import PATH, together
from realtime_fer.errors import DatasetError

COMPARED_PICTURES = 8


def model_folder_options(weights: str, out: str) -> Callable[[Any], Any]:
    """--weights, --out, --version.

    Args:
        weights: what file, for the help.
        out: the folder by default.
    """
    return together(
        click.option("--weights", type=PATH, required=True, help=weights),
        click.option("--out", type=PATH, default=Path(out), show_default=True),
        click.option("--version", default="1.0", show_default=True),
    )


def _first_pictures(_context: click.Context, _option: click.Parameter, folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    files = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    if not files:
        raise DatasetError(f"{folder}: expected a folder of pictures to compare outputs on, found none in it; name another one")
    return files[:COMPARED_PICTURES]


detector_options = together(
    click.option(
        "--confidence",
        "confidence_threshold",
        type=click.FloatRange(0, 1),
        default=0.45,
        show_default=True,
        help="Score from which a detection is a new face.",
    ),
    click.option(
        "--pictures",
        type=PATH,
        callback=_first_pictures,
        help="Folder of pictures to compare outputs on, besides random ones.",
    ),
)
"""Of both face detectors. The command gets the first few pictures of the folder, or none."""
