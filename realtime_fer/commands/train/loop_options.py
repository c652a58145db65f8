"""Options that the trainings in the loop of `training.loop.run_loop` share: how far a run goes, where, and from where on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

POSITIVE = click.IntRange(1)


def loop_options(samples: str) -> Callable[[Any], Any]:
    """--seed, --device, --threads, --limit, --stop-after, --resume.

    Args:
        samples: what --limit counts, for its help.
    """
    options = (
        click.option("--seed", type=int, default=0, show_default=True),
        click.option("--device", default="cpu", show_default=True, help="cpu or cuda."),
        click.option("--threads", type=POSITIVE, help="Of the CPU; default all."),
        click.option("--limit", type=POSITIVE, help=f"At most so many {samples}, for a trial."),
        click.option("--stop-after", type=POSITIVE, help="Leave after so many epochs of the schedule, to resume later."),
        click.option("--resume", is_flag=True, help="Go on from the checkpoint in the run folder, to the same result."),
    )

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
