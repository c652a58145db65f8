"""How far a long command is, for people (a bar) and for logs (a line now and then); both on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import click

TELL_EVERY: Final = 100
"""Where there is no terminal for a bar."""


@contextmanager
def shown_progress(what: str = "pictures") -> Iterator[Callable[[int, int], None]]:
    """Within this, call what it gives with how many are done, and of how many."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        told = -1

        def tell(done: int, total: int) -> None:
            nonlocal told
            if done // TELL_EVERY > told or done == total:
                told = done // TELL_EVERY
                click.echo(f"{done}/{total} {what}", err=True)

        yield tell
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
