"""Options that the trainings of vision-language models share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from realtime_fer.training.vlm.recipe import StepRecipe

POSITIVE = click.IntRange(1)
RATE = click.FloatRange(0, min_open=True)


def step_options(published: StepRecipe) -> Callable[[Any], Any]:
    """The options of `StepRecipe`, and of where and how far a run goes."""
    options = (
        click.option("--epochs", type=POSITIVE, default=published.epochs, show_default=True),
        click.option(
            "--batch", type=POSITIVE, default=published.batch, show_default=True, help="Records a step, on all processes."
        ),
        click.option(
            "--micro-batch",
            type=POSITIVE,
            default=published.micro_batch,
            show_default=True,
            help="Records at once on one process; the rest of the batch is accumulated.",
        ),
        click.option("--peak-learning-rate", type=RATE, default=published.peak_learning_rate, show_default=True),
        click.option("--weight-decay", type=click.FloatRange(0), default=published.weight_decay, show_default=True),
        click.option("--clip-norm", type=RATE, default=published.clip_norm, show_default=True, help="Largest gradient norm."),
        click.option(
            "--gradient-checkpointing/--no-gradient-checkpointing",
            default=published.gradient_checkpointing,
            show_default=True,
            help="A third more time for a fraction of the memory.",
        ),
        click.option("--save-every", type=POSITIVE, default=published.save_every, show_default=True, help="Steps."),
        click.option("--seed", type=click.IntRange(0), default=published.seed, show_default=True),
        click.option("--limit", type=POSITIVE, help="At most so many records, for a trial."),
        click.option(
            "--workers", type=click.IntRange(0), default=4, show_default=True, help="Processes that prepare pictures."
        ),
        click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True),
        click.option("--threads", type=POSITIVE, help="Of the CPU; default all."),
        click.option("--stop-after", type=POSITIVE, help="Leave after this step of the schedule, to resume later."),
        click.option(
            "--resume", is_flag=True, help="Go on from the checkpoint in the run folder, with its recipe, to the same result."
        ),
    )

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
