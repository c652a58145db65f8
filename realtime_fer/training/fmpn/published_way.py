"""The published way: five crops and mirroring, Adam, a constant rate and then a falling one, set once an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from realtime_fer.errors import missing_extra
from realtime_fer.training.fmpn.faces import LabelledFaces
from realtime_fer.training.fmpn.optimisation import adam
from realtime_fer.training.fmpn.samples import FaceSamples, Rows, batches, cut, shuffled
from realtime_fer.training.fmpn.schedule import learning_rate_factor
from realtime_fer.training.fmpn.way import Batch, Lessons, Parts

try:
    import torch
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error


class PublishedWay:
    """See `way.Way`.

    Args:
        workers: processes that make samples.
    """

    averages = False
    memory_format = torch.contiguous_format

    def __init__(self, lessons: Lessons, *, workers: int = 0) -> None:
        self._lessons, self._recipe, self._workers = lessons, lessons.recipe, workers

    def optimizer(self, parts: Parts) -> Any:
        return adam(parts)

    def batch_sizes(self) -> list[int]:
        return [len(rows) for rows in self._cut(0)]

    def batches(self, epoch: int) -> Iterator[Batch]:
        shown = self._samples(self._lessons.faces, epoch)
        return batches(shown, [self._lessons.share.of(rows) for rows in self._cut(epoch)], self._workers)

    def held_out_batches(self) -> Iterator[Batch]:
        shown = self._samples(self._lessons.held_out, None)
        return batches(shown, cut(np.arange(len(shown)), self._recipe.batch), self._workers)

    def rate_factor(self, epoch: int, step: int) -> float:
        return learning_rate_factor(epoch + 1, self._recipe.epochs, self._recipe.decay_epochs)

    def take_step(self, network: Any, average: Any, optimizer: Any, epoch: int, step: int) -> None:
        optimizer.step()

    def _cut(self, epoch: int) -> list[Rows]:
        """Of each batch of an epoch, whole."""
        order = shuffled(len(self._lessons.faces), self._recipe.seed, epoch)
        return cut(order, self._recipe.batch, self._lessons.share.count)

    def _samples(self, faces: LabelledFaces, epoch: int | None) -> FaceSamples:
        recipe, lessons = self._recipe, self._lessons
        return FaceSamples(faces, lessons.masks, size_px=recipe.size_px, colour=lessons.colour, seed=recipe.seed, epoch=epoch)
