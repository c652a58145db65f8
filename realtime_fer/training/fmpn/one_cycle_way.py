"""The way our own classifiers are taught, for FMPN: so that a comparison with them compares networks, not recipes.

AdamW with one cycle of the learning rate, a moving average of the weights, faces spoiled as a camera spoils them, rare classes
repeated: all as in `training.emotion_gcn_ferplus.run`. A face's mask is moved with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import missing_extra
from realtime_fer.training.emotion_gcn_ferplus.crowd import RARE_REPEATS
from realtime_fer.training.emotion_gcn_ferplus.task import CLIP_NORM, WARM_UP_FRACTION
from realtime_fer.training.expression_augmentation import augment, move
from realtime_fer.training.fmpn.faces import LabelledFaces
from realtime_fer.training.fmpn.optimisation import one_cycle_optimizer
from realtime_fer.training.fmpn.pseudo_masks import grey_square
from realtime_fer.training.fmpn.way import Batch, Lessons, Parts
from realtime_fer.training.loop.moving_average import update_average
from realtime_fer.training.loop.run_loop import one_cycle

try:
    import torch
    from PIL import Image
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error

FULL_SCALE = 255.0

GreyFaces = npt.NDArray[np.uint8]
"""uint8 (N, S, S)."""


class OneCycleWay:
    """See `way.Way`. All faces are kept in memory as grey squares; the colour face of a sample is its grey one three times.

    Args:
        device: where batches are made.
    """

    averages = True
    memory_format = torch.channels_last

    def __init__(self, lessons: Lessons, *, device: str = "cpu") -> None:
        self._recipe, self._colour, self._share = lessons.recipe, lessons.colour, lessons.share
        self._device = device
        recipe, faces, held_out = lessons.recipe, lessons.faces, lessons.held_out
        self._faces, self._classes = grey_faces(faces, recipe.size_px), faces.classes
        self._unseen, self._unseen_classes = grey_faces(held_out, recipe.size_px), held_out.classes
        masks = [grey_square(Image.fromarray(mask), recipe.size_px) for mask in lessons.masks]
        self._masks = np.stack(masks).astype(np.float32)
        repeats = np.array([RARE_REPEATS.get(label, 1) for label in faces.labels], np.int64)
        self._rows = np.repeat(np.arange(len(faces)), repeats[faces.classes])
        self._steps = max(1, len(self._rows) // recipe.batch)

    def optimizer(self, parts: Parts) -> Any:
        return one_cycle_optimizer(parts, self._recipe.weight_decay)

    def batch_sizes(self) -> list[int]:
        return [min(len(self._rows), self._recipe.batch)] * self._steps

    def batches(self, epoch: int) -> Iterator[Batch]:
        draws = np.random.default_rng((self._recipe.seed, epoch))
        order = draws.permutation(self._rows)
        # Each process spoils its faces in its own way.
        seeds = [int(draws.integers(2**31)) for _ in range(self._share.count)]
        generator = torch.Generator(device=self._device).manual_seed(seeds[self._share.index])
        same_moves = torch.Generator(device=self._device)
        for step in range(self._steps):
            rows = self._share.of(order[step * self._recipe.batch : (step + 1) * self._recipe.batch])
            # Moving comes first in `augment`: from the same state, the masks are moved as the faces are.
            same_moves.set_state(generator.get_state())
            faces = augment(self._planes(self._faces[rows]), generator, self._recipe.camera_share)
            masks = move(self._planes(self._masks[self._classes[rows]]), same_moves)
            yield self._batch(faces, masks, self._classes[rows])

    def held_out_batches(self) -> Iterator[Batch]:
        for start in range(0, len(self._unseen), self._recipe.batch):
            part = slice(start, start + self._recipe.batch)
            classes = self._unseen_classes[part]
            yield self._batch(self._planes(self._unseen[part]), self._planes(self._masks[classes]), classes)

    def rate_factor(self, epoch: int, step: int) -> float:
        return one_cycle(epoch * self._steps + step, self._recipe.epochs * self._steps, 1.0, WARM_UP_FRACTION)

    def take_step(self, network: Any, average: Any, optimizer: Any, epoch: int, step: int) -> None:
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP_NORM)
        optimizer.step()
        update_average(average, network, epoch * self._steps + step)

    def _planes(self, pictures: npt.NDArray[Any]) -> Any:
        return torch.from_numpy(pictures).to(self._device).float().unsqueeze(1)

    def _batch(self, faces: Any, masks: Any, classes: npt.NDArray[np.int64]) -> Batch:
        grey = faces / FULL_SCALE
        batch = {"grey": grey, "mask": masks / FULL_SCALE, "class": torch.from_numpy(classes).to(self._device)}
        return {**batch, "rgb": grey.expand(-1, 3, -1, -1)} if self._colour else batch


def grey_faces(faces: LabelledFaces, size_px: int) -> GreyFaces:
    """The centre of each picture in grey, at this size, uint8 (N, S, S)."""
    found = np.zeros((len(faces), size_px, size_px), np.uint8)
    for row in range(len(faces)):
        found[row] = grey_square(faces.picture(row), size_px).round()
    return found
