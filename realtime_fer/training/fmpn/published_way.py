"""The published way: five crops and mirroring, Adam, a constant rate and then a falling one, set once an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from realtime_fer.errors import missing_extra
from realtime_fer.training.fmpn.faces import LabelledFaces
from realtime_fer.training.fmpn.optimisation import adam
from realtime_fer.training.fmpn.pseudo_masks import MaskPictures
from realtime_fer.training.fmpn.recipe import FmpnRecipe
from realtime_fer.training.fmpn.samples import FaceSamples, Rows, batches, cut, shuffled
from realtime_fer.training.fmpn.schedule import learning_rate_factor
from realtime_fer.training.fmpn.way import Batch, Parts
from realtime_fer.training.loop.accelerator import ALONE, Share

try:
    import torch
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error


class PublishedWay:
    """See `way.Way`.

    Args:
        faces, held_out: to learn from, and for figures (may be none).
        masks: of each class.
        colour: with the colour face.
        share: of this process in every batch.
        workers: processes that make samples.
    """

    averages = False
    memory_format = torch.contiguous_format

    def __init__(
        self,
        recipe: FmpnRecipe,
        faces: LabelledFaces,
        held_out: LabelledFaces,
        masks: MaskPictures,
        *,
        colour: bool,
        share: Share = ALONE,
        workers: int = 0,
    ) -> None:
        self._recipe = recipe
        self._faces = faces
        self._masks = masks
        self._colour = colour
        self._share = share
        self._workers = workers
        self._unseen = FaceSamples(held_out, masks, size_px=recipe.size_px, colour=colour)

    def optimizer(self, parts: Parts) -> Any:
        return adam(parts)

    def batch_sizes(self) -> list[int]:
        return [len(rows) for rows in self._cut(0)]

    def batches(self, epoch: int) -> Iterator[Batch]:
        recipe = self._recipe
        samples = FaceSamples(
            self._faces, self._masks, size_px=recipe.size_px, colour=self._colour, seed=recipe.seed, epoch=epoch
        )
        return batches(samples, [self._share.of(rows) for rows in self._cut(epoch)], self._workers)

    def held_out_batches(self) -> Iterator[Batch]:
        return batches(self._unseen, cut(np.arange(len(self._unseen)), self._recipe.batch), self._workers)

    def rate_factor(self, epoch: int, step: int) -> float:
        return learning_rate_factor(epoch + 1, self._recipe.epochs, self._recipe.decay_epochs)

    def take_step(self, network: Any, average: Any, optimizer: Any, epoch: int, step: int) -> None:
        optimizer.step()

    def _cut(self, epoch: int) -> list[Rows]:
        """Of each batch of an epoch, whole."""
        return cut(shuffled(len(self._faces), self._recipe.seed, epoch), self._recipe.batch, self._share.count)
