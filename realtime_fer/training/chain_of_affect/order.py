"""Which records each step takes: a function of the seed and the step alone.

So a resumed run takes what an uninterrupted one would have taken, and two processes take together what one would.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from realtime_fer.training.chain_of_affect.recipe import ChainRecipe


class RecordOrder:
    """All records once an epoch in a new random order, the epochs one after the other, cut into batches.

    Args:
        recipe: batch sizes and seed.
        records: how many there are.
    """

    def __init__(self, recipe: ChainRecipe, records: int) -> None:
        self._recipe = recipe
        self._records = records
        self._epoch = -1
        self._order: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    def batch(self, step: int) -> list[int]:
        """The records of a step, over all processes."""
        first = step * self._recipe.batch
        return [self._at(position) for position in range(first, first + self._recipe.batch)]

    def micro_batches(self, first_step: int, stop_step: int, process: int, processes: int) -> Iterator[list[int]]:
        """What one process takes, step by step; the micro-batches of a step are dealt out in turn.

        Raises:
            SettingsError: they cannot be dealt out evenly.
        """
        self._recipe.micro_batches_for(processes)
        size = self._recipe.micro_batch
        for step in range(first_step, stop_step):
            batch = self.batch(step)
            for start in range(process * size, len(batch), processes * size):
                yield batch[start : start + size]

    def _at(self, position: int) -> int:
        epoch, place = divmod(position, self._records)
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng([self._recipe.seed, epoch]).permutation(self._records)
        return int(self._order[place])


def dropout_seed(seed: int, step: int, micro_batch: int) -> int:
    """Seed of what is dropped in one micro-batch, counted over all processes: it too depends on nothing that came before."""
    return int(np.random.SeedSequence([seed, step, micro_batch]).generate_state(1, np.uint64)[0] >> np.uint64(1))
