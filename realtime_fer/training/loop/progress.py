"""How far a training is, for whoever watches: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

EVERY_S = 20.0
"""Between two lines where there is no terminal."""


class TrainingProgress(Protocol):
    """Told by a training loop."""

    def line(self, text: str) -> None:
        """Something to keep on the screen."""
        ...

    def step(self, what: str, done: int, total: int, figures: str) -> None:
        """`done` of the `total` steps of `what` ("epoch 2/10") are made; called after each."""
        ...


class SilentProgress:
    """For the processes of a run that are not the first."""

    def line(self, text: str) -> None:
        """Nothing."""

    def step(self, what: str, done: int, total: int, figures: str) -> None:
        """Nothing."""


class PlainProgress:
    """Lines.

    Args:
        tell: takes them.
        every_s: a step is told when so many seconds have passed since the last one.
        now_s: a clock.
    """

    def __init__(
        self, tell: Callable[[str], None], every_s: float = EVERY_S, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell, self._every_s, self._now_s = tell, every_s, now_s
        self._told_s = now_s()

    def line(self, text: str) -> None:
        """Told at once."""
        self._tell(text)

    def step(self, what: str, done: int, total: int, figures: str) -> None:
        """Told now and then."""
        if self._now_s() - self._told_s >= self._every_s:
            self._told_s = self._now_s()
            self._tell(f"{what}, step {done}/{total}, {figures}")


class BarProgress:
    """A bar of rich, lines above it; `bar` is a `rich.progress.Progress` with a column for the field `figures`.

    The bar starts with the first step: a process that never makes one draws nothing.
    """

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._task: Any = None

    def line(self, text: str) -> None:
        """Above the bar."""
        self._bar.console.print(text, markup=False, highlight=False)

    def step(self, what: str, done: int, total: int, figures: str) -> None:
        """Moves the bar."""
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task(what, total=total, figures="")
        self._bar.update(self._task, description=what, completed=done, total=total, figures=figures)


@contextmanager
def shown_progress(tell: Callable[[str], None], console: Any = None) -> Iterator[TrainingProgress]:
    """A bar on stderr where that is a terminal, else lines.

    Args:
        tell: takes the lines.
        console: of rich; None is stderr.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield PlainProgress(tell)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, TextColumn("{task.fields[figures]}"), console=console)
    try:
        yield BarProgress(bar)
    finally:
        bar.stop()


def told(row: Mapping[str, float]) -> str:
    """A row of a history as one line."""
    return ", ".join(f"{name} {value:.4g}" for name, value in row.items() if math.isfinite(value))
