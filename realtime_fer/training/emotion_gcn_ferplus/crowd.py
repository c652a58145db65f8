"""The crowd's votes as a training sees them: which faces an epoch shows, how often, and what is to be learned from each."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.ferplus import FerPlus, load_ferplus, split_held_out, vote_distributions
from realtime_fer.errors import DatasetError, missing_extra
from realtime_fer.fingerprint import records_fingerprint
from realtime_fer.labels import FERPLUS_LABELS

try:
    import torch
    from torch import Tensor
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("training an expression model", "train", error) from error

HELD_OUT_FRACTION: Final = 0.05
HELD_OUT_SEED: Final = 2016
"""Fixed apart from the training seed, so that every run holds the same faces out."""

RARE_REPEATS: Final = {"disgust": 3, "contempt": 3, "fear": 2}
"""How often an epoch shows faces whose most voted emotion is rare; without it their recall stays near zero."""


def training_faces(data: Path, limit: int | None) -> tuple[FerPlus, FerPlus]:
    """Faces to learn from, and those held out of them.

    Args:
        data: npz file of FER+ training faces, see `datasets.ferplus`.
        limit: at most this many, the first of the file.

    Raises:
        DatasetError: the file is no FER+ npz, or has no face to learn an emotion from.
    """
    faces = load_ferplus(data)
    if limit is not None:
        faces = faces.subset(np.arange(min(limit, len(faces))))
    learned, held_out = (faces.subset(rows) for rows in split_held_out(len(faces), HELD_OUT_FRACTION, HELD_OUT_SEED))
    if not len(epoch_rows(learned.votes)):
        raise DatasetError(
            f"{data}: expected faces that a crowd sees an emotion in, found none among {len(learned)} to learn from; take more"
        )
    return learned, held_out


def faces_fingerprint(*parts: FerPlus) -> str:
    """A short name for faces and their votes, that changes when they do."""
    return records_fingerprint(sha256(array.tobytes()).hexdigest() for faces in parts for array in (faces.images, faces.votes))


def epoch_rows(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Rows one epoch shows, in order: each face with an emotion vote left, rare ones repeated (`RARE_REPEATS`)."""
    distributions, weights = vote_distributions(votes)
    repeats = np.ones(len(FERPLUS_LABELS), np.int64)
    for label, times in RARE_REPEATS.items():
        repeats[FERPLUS_LABELS.index(label)] = times
    times_shown = np.where(weights > 0, repeats[distributions.argmax(axis=1)], 0)
    return np.repeat(np.arange(len(votes)), times_shown)


def class_shares(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """How much of one epoch's target each class makes up, float64 (8,), adding up to 1; repeats and weights counted."""
    rows = epoch_rows(votes)
    distributions, weights = vote_distributions(votes)
    mass = (distributions[rows] * weights[rows, None]).sum(axis=0, dtype=np.float64)
    # A class without a vote (in a tiny trial) must not get an infinite head start later.
    mass = np.maximum(mass, 1)
    return np.asarray(mass / mass.sum())


def crowd_loss(logits: Tensor, distributions: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy to the crowd's distribution, weighted mean.

    Shapes: logits and distributions (N, C), weights (N,).
    """
    each = -(distributions * functional.log_softmax(logits, dim=1)).sum(dim=1)
    # A small batch may hold nothing but faces that do not count.
    return (weights * each).sum() / weights.sum().clamp_min(torch.finfo(weights.dtype).tiny)
