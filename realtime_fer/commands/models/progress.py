"""How far a download is: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn

if TYPE_CHECKING:
    from realtime_fer.zoo.download import Progress as ToldProgress


class Bars:
    """A bar for each file, and lines above them."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def at(self, name: str, done: int, total: int | None) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total, completed=done)
        elif done < self._progress.tasks[self._tasks[name]].completed:
            self._progress.reset(self._tasks[name], total=total, completed=done)
        else:
            self._progress.update(self._tasks[name], total=total, completed=done)

    def say(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


class Lines:
    """One line for each file and event; nothing for a part of a file."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def at(self, name: str, done: int, total: int | None) -> None:
        pass

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def told_progress(console: Console | None = None) -> Iterator[ToldProgress]:
    """Tells a user on standard error."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield Lines(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield Bars(progress)
