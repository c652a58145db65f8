"""Asking a model about every case of a test, a batch at a time: which cases, which of them are left, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from realtime_fer.errors import DatasetError

Case = TypeVar("Case")

Progress = Callable[[int, int], object]
"""Told how many cases are done, and of how many."""


def require_pictures(names: Sequence[str], images: Path, data: Path) -> None:
    """Raise unless the pictures of a test are there.

    Args:
        names: of the files in `images`.
        data: the records that name them, for the message.

    Raises:
        DatasetError: some are not.
    """
    missing = [name for name in names if not (images / name).is_file()]
    if missing:
        raise DatasetError(
            f"{data}: {len(missing)} of {len(names)} pictures are not in {images}, the first is {missing[0]}; "
            "name the folder of the pictures with --images"
        )


def spread_over(cases: Sequence[Case], limit: int | None) -> list[Case]:
    """At most `limit` cases, from all over a test, in its order; None takes all."""
    if limit is None or limit >= len(cases):
        return list(cases)
    return [cases[position * len(cases) // limit] for position in range(limit)]


def batches_left(
    cases: Sequence[Case], answered: Callable[[Case], bool], batch: int, progress: Progress | None = None
) -> Iterator[list[Case]]:
    """The cases without an answer, in order.

    Args:
        answered: whether an earlier run has answered a case.
        batch: how many at once, at most.
        progress: told at the beginning, and of each batch when the next is asked for.
    """
    left = [case for case in cases if not answered(case)]
    done = len(cases) - len(left)
    if progress is not None:
        progress(done, len(cases))
    for start in range(0, len(left), batch):
        asked = left[start : start + batch]
        yield asked
        done += len(asked)
        if progress is not None:
            progress(done, len(cases))
