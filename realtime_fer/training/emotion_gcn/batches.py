"""From rows of a labelled set to batches of tensors.

What a face looks like in an epoch is a function of seed, epoch and row, and the order one of seed and epoch: how many
processes prepare faces, and where a run was stopped, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from realtime_fer.datasets.labelled_faces import LabelledSet
from realtime_fer.errors import missing_extra
from realtime_fer.networks.emotion_gcn.preprocessing import MEAN_RGB, STD_RGB
from realtime_fer.training.emotion_gcn.augmentation import augmented, square_face
from realtime_fer.training.emotion_gcn.faces import Rows
from realtime_fer.training.emotion_gcn.recipe import EmotionGcnRecipe

try:
    import torch
    from torch import Tensor
    from torch.utils.data import DataLoader
except ImportError as error:
    raise missing_extra("training Emotion-GCN", "train", error) from error

_ORDER_STREAM: Final = 3
_FACE_STREAM: Final = 4

SMALLEST_SHARE: Final = 2
"""Faces of a batch that each process gets at least: of one alone there is no concordance."""

Batch = Mapping[str, Tensor]
"""`images` uint8 (N, 3, S, S), `labels` int64 (N,), `affect` float64 (N, 2), zeros where the set has none."""


def batch_rows(rows: Rows, recipe: EmotionGcnRecipe, epoch: int, processes: int = 1) -> list[Rows]:
    """Rows of each batch of an epoch, in a new order; a last batch too small to be shared out is left out."""
    order = rows[np.random.default_rng([recipe.seed, _ORDER_STREAM, epoch]).permutation(len(rows))]
    cut = [order[start : start + recipe.batch] for start in range(0, len(order), recipe.batch)]
    return [batch for batch in cut if len(batch) >= SMALLEST_SHARE * processes]


def training_batches(
    faces: LabelledSet, cut: Sequence[Rows], recipe: EmotionGcnRecipe, epoch: int, workers: int
) -> Iterator[Batch]:
    """The faces of each batch, augmented for this epoch."""
    return _loaded(_ShownFaces(faces, recipe.size_px, (recipe.seed, epoch, recipe.rotation_degrees)), cut, workers)


def plain_batches(faces: LabelledSet, rows: Rows, recipe: EmotionGcnRecipe, workers: int) -> Iterator[Batch]:
    """Faces in their order, as the network sees them in use."""
    cut = [rows[start : start + recipe.batch] for start in range(0, len(rows), recipe.batch)]
    return _loaded(_ShownFaces(faces, recipe.size_px, None), cut, workers)


def normalised(images: Tensor) -> Tensor:
    """uint8 (N, 3, S, S) -> what the networks take, float32, on the same device; see `preprocessing.network_input`."""
    mean, std = (torch.tensor(values, device=images.device)[:, None, None] for values in (MEAN_RGB, STD_RGB))
    return (images.float() / 255 - mean) / std


def _loaded(shown: _ShownFaces, cut: Sequence[Rows], workers: int) -> Iterator[Batch]:
    sampler = [batch.tolist() for batch in cut]
    untyped: Any = shown
    pinned = torch.cuda.is_available()
    return iter(DataLoader(untyped, batch_sampler=sampler, num_workers=workers, collate_fn=_collate, pin_memory=pinned))


def _collate(samples: Sequence[tuple[Any, int, tuple[float, float]]]) -> dict[str, Tensor]:
    images, labels, affect = zip(*samples, strict=True)
    return {
        "images": torch.from_numpy(np.stack(images)),
        "labels": torch.tensor(labels),
        "affect": torch.tensor(affect, dtype=torch.float64),
    }


class _ShownFaces:
    """Row -> picture (3, S, S) uint8, label, (valence, arousal)."""

    def __init__(self, faces: LabelledSet, size_px: int, augmentation: tuple[int, int, float] | None) -> None:
        self._faces, self._size_px, self._augmentation = faces, size_px, augmentation

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, row: int) -> tuple[Any, int, tuple[float, float]]:
        face = self._faces.faces[row]
        image = square_face(self._faces.read(row), self._size_px)
        if self._augmentation is not None:
            seed, epoch, degrees = self._augmentation
            image = augmented(image, np.random.default_rng([seed, _FACE_STREAM, epoch, row]), degrees)
        return image.transpose(2, 0, 1), face.label, (face.valence or 0.0, face.arousal or 0.0)
