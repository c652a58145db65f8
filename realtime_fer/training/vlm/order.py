"""Which records each step takes: a function of the seed and the step alone.

So a resumed run takes what an uninterrupted one would have taken, and two processes take together what one would.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import SettingsError
from realtime_fer.training.vlm.recipe import StepRecipe


class Draw(NamedTuple):
    """One record as it is shown once.

    Attributes:
        record: its index.
        position: how many records were drawn before it; with the seed it decides everything random about it.
    """

    record: int
    position: int

    def generator(self, seed: int) -> np.random.Generator:
        """Chance of its own: the same however the run came to it."""
        return np.random.default_rng([seed, 1, self.position])


class RecordOrder:
    """All `records` once an epoch in a new random order, cut into batches.

    Args:
        recipe: batch sizes and seed.
        records: how many there are.
        whole_epochs: leave out what is over at the end of an epoch; otherwise the epochs run into each other.

    Raises:
        SettingsError: an epoch is to be whole, and has not one batch.
    """

    def __init__(self, recipe: StepRecipe, records: int, *, whole_epochs: bool = False) -> None:
        if whole_epochs and records < recipe.batch:
            raise SettingsError(f"batch: expected at most the {records} records there are, found {recipe.batch}")
        self._recipe = recipe
        self.records = records
        self._shown = records - records % recipe.batch if whole_epochs else records
        self._epoch = -1
        self._order: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    def batch(self, step: int) -> list[int]:
        """The records of a step, over all processes."""
        return [draw.record for draw in self._draws(step)]

    def micro_batches(self, first_step: int, stop_step: int, process: int, processes: int) -> Iterator[list[Draw]]:
        """What one process takes, step by step; the micro-batches of a step are dealt out in turn.

        Raises:
            SettingsError: they cannot be dealt out evenly.
        """
        self._recipe.micro_batches_for(processes)
        size = self._recipe.micro_batch
        for step in range(first_step, stop_step):
            batch = self._draws(step)
            for start in range(process * size, len(batch), processes * size):
                yield batch[start : start + size]

    def _draws(self, step: int) -> list[Draw]:
        first = step * self._recipe.batch
        return [Draw(self._at(position), position) for position in range(first, first + self._recipe.batch)]

    def _at(self, position: int) -> int:
        epoch, place = divmod(position, self._shown)
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng([self._recipe.seed, epoch]).permutation(self.records)
        return int(self._order[place])


def dropout_seed(seed: int, step: int, micro_batch: int) -> int:
    """Seed of what is dropped in one micro-batch, counted over all processes: it too depends on nothing that came before."""
    return int(np.random.SeedSequence([seed, step, micro_batch]).generate_state(1, np.uint64)[0] >> np.uint64(1))
