"""Batches of faces, masks and classes; a function of seed and epoch alone, so that a resumed run sees the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import missing_extra
from realtime_fer.training.fmpn.faces import LabelledFaces
from realtime_fer.training.fmpn.pseudo_masks import MaskPictures
from realtime_fer.training.fmpn.transform import View, random_view, shown

try:
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error

Rows = npt.NDArray[np.int64]

SMALLEST_SHARE: Final = 2
"""Faces of a batch that each of several processes gets at least."""


class FaceSamples:
    """Sample `row`: a dictionary of `grey` (1, S, S), `mask` (1, S, S), `class` and, if wanted, `rgb` (3, S, S).

    Args:
        masks: of each class of `faces`.
        size_px: S.
        colour: with `rgb`; the first stage needs none.
        seed, epoch: what the random views depend on; without an epoch, the centre of every face is shown.
    """

    def __init__(
        self, faces: LabelledFaces, masks: MaskPictures, *, size_px: int, colour: bool, seed: int = 0, epoch: int | None = None
    ) -> None:
        self._faces = faces
        self._masks = [Image.fromarray(mask) for mask in masks]
        self._size_px = size_px
        self._colour = colour
        self._seed = seed
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, row: int) -> dict[str, Any]:
        view = View() if self._epoch is None else random_view(np.random.default_rng((self._seed, self._epoch, row)))
        picture, index = self._faces.picture(row), int(self._faces.classes[row])
        parts = {"grey": picture.convert("L"), "mask": self._masks[index]}
        if self._colour:
            parts["rgb"] = picture
        sample: dict[str, Any] = {name: torch.from_numpy(shown(part, view, self._size_px)) for name, part in parts.items()}
        return {**sample, "class": index}


def cut(order: Rows, batch: int, processes: int = 1) -> list[Rows]:
    """The rows of each batch; the last may be smaller, or somewhat larger.

    What is left over joins the batch before if it is less than two faces for each of so many processes: at the smallest sizes
    batch norm can make nothing of one.
    """
    rows = [order[start : start + batch] for start in range(0, len(order), batch)]
    if len(rows) > 1 and len(rows[-1]) < SMALLEST_SHARE * processes:
        left_over = rows.pop()
        rows[-1] = np.concatenate([rows[-1], left_over])
    return rows


def batches(samples: FaceSamples, rows: Iterable[Rows], workers: int = 0) -> Iterator[dict[str, Any]]:
    """The samples of these rows, batch by batch.

    Args:
        workers: processes that make samples; 0 makes them in this one.
    """
    data: Any = samples
    yield from DataLoader(data, batch_sampler=[batch.tolist() for batch in rows], num_workers=workers)


def shuffled(count: int, seed: int, epoch: int) -> Rows:
    """The order of an epoch."""
    return np.random.default_rng((seed, epoch)).permutation(count)
