"""Options that several trainings share: where a run goes, how far, and from where on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

PATH = click.Path(path_type=Path)
POSITIVE = click.IntRange(1)
RATE = click.FloatRange(0, min_open=True)
SHARE = click.FloatRange(0, 1, max_open=True)


def together(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def run_folder_option(default: str, holds: str) -> Callable[[Any], Any]:
    """--out."""
    return click.option("--out", type=PATH, default=Path(default), show_default=True, help=f"Run folder: {holds}.")


def going_on_options(unit: str) -> Callable[[Any], Any]:
    """--threads, --stop-after, --resume.

    Args:
        unit: what --stop-after counts, for its help.
    """
    return together(
        click.option("--threads", type=POSITIVE, help="Of the CPU; default all."),
        click.option("--stop-after", type=POSITIVE, help=f"Leave after so many {unit} of the schedule, to resume later."),
        click.option(
            "--resume", is_flag=True, help="Go on from the checkpoint in the run folder, with its recipe, to the same result."
        ),
    )


def loop_options(samples: str) -> Callable[[Any], Any]:
    """Of the trainings in the loop of `training.loop.run_loop`: --seed, --device, --limit, and `going_on_options`.

    Args:
        samples: what --limit counts, for its help.
    """
    return together(
        click.option("--seed", type=click.IntRange(0), default=0, show_default=True),
        click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:1."),
        click.option("--limit", type=POSITIVE, help=f"At most so many {samples}, for a trial."),
        going_on_options("epochs"),
    )
