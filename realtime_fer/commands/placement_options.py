"""Options that say where a large network's weights go, see `reasoning.placement`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def placement_options(dtype: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--device, --device-map, --dtype, --bits, --threads.

    Args:
        dtype: the default.
    """
    options = [
        click.option(
            "--device", default="auto", show_default=True, help="cpu, cuda, cuda:1; auto takes a GPU where there is one."
        ),
        click.option("--device-map", metavar="HOW", help="Over several GPUs: auto, balanced, balanced_low_0, sequential."),
        click.option(
            "--dtype",
            type=click.Choice(["bfloat16", "float16", "float32"]),
            default=dtype,
            show_default=True,
            help="Of the language model.",
        ),
        click.option(
            "--bits", type=click.Choice(["8", "4"]), callback=_number, help="Stored with so many (bitsandbytes, a GPU)."
        ),
        click.option("--threads", type=click.IntRange(1), help="Of the CPU; default all."),
    ]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _number(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    return None if value is None else int(value)
