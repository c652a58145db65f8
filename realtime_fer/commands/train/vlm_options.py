"""Options that the trainings of vision-language models share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import wraps
from typing import Any

import click

from realtime_fer.commands.train.loop_options import POSITIVE, RATE, SHARE, going_on_options, together
from realtime_fer.training.vlm.recipe import PRECISIONS, AdapterRecipe, StepRecipe


def adapter_options(published: AdapterRecipe) -> Callable[[Any], Any]:
    """The options of `AdapterRecipe` that are not `StepRecipe`'s."""
    return together(
        click.option("--warm-up-ratio", type=SHARE, default=published.warm_up_ratio, show_default=True),
        click.option("--rank", type=POSITIVE, default=published.rank, show_default=True, help="Of the adapters."),
        click.option("--dropout", type=SHARE, default=published.dropout, show_default=True, help="In front of the adapters."),
        click.option("--precision", type=click.Choice(PRECISIONS), default=published.precision, show_default=True),
    )


def step_options(published: StepRecipe) -> Callable[[Any], Any]:
    """The options of `StepRecipe`, and of where and how far a run goes.

    The command gets `recipe`, `published` with what all the options say of it, those of the command itself too; `progress`,
    which prints; and all other options under their own names.
    """
    options = together(
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
        going_on_options("steps"),
    )
    names = {field.name for field in fields(published)}

    def decorate(command: Callable[..., None]) -> Any:
        @wraps(command)
        def with_recipe(**given: Any) -> None:
            recipe = replace(published, **{name: given.pop(name) for name in names & given.keys()})
            command(recipe=recipe, progress=click.echo, **given)

        return options(with_recipe)

    return decorate
