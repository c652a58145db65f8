"""FER+: the grey 48x48 faces of FER2013 with the votes of about ten taggers each.

Source: Barsoum, Zhang, Canton Ferrer, Zhang, "Training Deep Networks for Facial Expression Recognition with
Crowd-Sourced Label Distribution", ICMI 2016.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.numpy_files import read_npz
from realtime_fer.errors import DatasetError, ShapeError
from realtime_fer.labels import FERPLUS_LABELS, FERPLUS_VOTE_COLUMNS

FACE_SIZE_PX = 48
_FACE_SHAPES = {(FACE_SIZE_PX**2,), (1, FACE_SIZE_PX, FACE_SIZE_PX), (FACE_SIZE_PX, FACE_SIZE_PX, 1)}
NOT_COUNTED = -1
"""Label of an image on which the taggers do not agree, or agree that it shows no emotion."""

EMOTIONS = len(FERPLUS_LABELS)
OUTLIER_VOTES = 1
"""A single tagger's vote for a class is taken as a slip and dropped (as in the paper)."""


@dataclass(frozen=True, slots=True, eq=False)
class FerPlus:
    """Faces and what the crowd said about them.

    Attributes:
        images: uint8, shape (N, 48, 48), grey.
        votes: uint8, shape (N, 10), columns as `FERPLUS_VOTE_COLUMNS`.
    """

    images: npt.NDArray[np.uint8]
    votes: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        face = (FACE_SIZE_PX, FACE_SIZE_PX)
        if self.images.ndim != 3 or self.images.shape[1:] != face or self.images.dtype != np.uint8:
            raise ShapeError(f"FER+ images: expected uint8 (N, 48, 48), found {self.images.dtype} {self.images.shape}")
        _require_votes(self.votes)
        if len(self.images) != len(self.votes):
            raise ShapeError(f"FER+: {len(self.images)} images but {len(self.votes)} rows of votes")

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, rows: npt.NDArray[np.int64]) -> FerPlus:
        """The faces of these rows, in this order."""
        return FerPlus(self.images[rows], self.votes[rows])


def load_ferplus(path: Path) -> FerPlus:
    """Read an npz file with `images`, `votes` and, if present, `vote_names`; its other arrays are not looked at.

    Images may also be (N, 2304), or have an axis of one channel; both arrays may be of any type of numbers, as long as they are
    whole and of 0 to 255. Names of columns may differ in case, and "not a face" may be NF, as in FER+'s own table.

    Raises:
        DatasetError: the file cannot be read, lacks an array, has other numbers, shapes or another column order.
    """
    arrays = read_npz(path, ("images", "votes", "vote_names"), "an npz file of FER+ faces", "make or copy it again")
    for name in ("images", "votes"):
        if name not in arrays:
            raise DatasetError(f"{path}: expected arrays images and votes, found no {name}; is this a FER+ npz file?")
    named: list[str | bytes] = arrays["vote_names"].reshape(-1).tolist() if "vote_names" in arrays else [*FERPLUS_VOTE_COLUMNS]
    names = [name.decode(errors="replace") if isinstance(name, bytes) else str(name) for name in named]
    if tuple(_column_name(name) for name in names) != FERPLUS_VOTE_COLUMNS:
        raise DatasetError(
            f"{path}: expected vote columns {', '.join(FERPLUS_VOTE_COLUMNS)}, found {', '.join(names)}; put them in this order"
        )
    images, votes = (_whole_bytes(path, name, arrays[name]) for name in ("images", "votes"))
    if images.size == len(images) * FACE_SIZE_PX**2 and images.shape[1:] in _FACE_SHAPES:
        images = images.reshape(len(images), FACE_SIZE_PX, FACE_SIZE_PX)
    try:
        return FerPlus(images, votes)
    except ShapeError as error:
        raise DatasetError(f"{path}: {error}; is this a FER+ npz file?") from error


def without_outliers(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Votes of one tagger alone set to 0; shape (N, 10) in and out.

    Raises:
        ShapeError: `votes` has not ten columns.
    """
    _require_votes(votes)
    kept = votes.astype(np.int64)
    kept[kept <= OUTLIER_VOTES] = 0
    return kept


def majority_labels(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Class of each image under the majority protocol, or `NOT_COUNTED`; shape (N,).

    Outliers are dropped; an image counts if its largest remaining vote is more than half of what remains and
    goes to one of the eight emotions.

    Raises:
        ShapeError: `votes` has not ten columns.
    """
    kept = without_outliers(votes)
    winner = kept.argmax(axis=1)
    largest, total = kept.max(axis=1, initial=0), kept.sum(axis=1)
    counted = (2 * largest > total) & (winner < EMOTIONS)
    return np.where(counted, winner, NOT_COUNTED)


def vote_distributions(votes: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """What the crowd saw, as targets for training.

    Returns:
        Distributions over the eight emotions, float32 (N, 8), outliers dropped, rows summing to 1 (all zeros where
        no emotion has a vote left); and weights, float32 (N,): the share of the remaining votes that went to an
        emotion, so 0 for an image that the crowd calls unknown or not a face.

    Raises:
        ShapeError: `votes` has not ten columns.
    """
    kept = without_outliers(votes).astype(np.float32)
    emotions = kept[:, :EMOTIONS]
    emotion_sum, total = emotions.sum(axis=1), kept.sum(axis=1)
    distributions = emotions / np.maximum(emotion_sum, 1)[:, None]
    return distributions.astype(np.float32), (emotion_sum / np.maximum(total, 1)).astype(np.float32)


def majority_targets(votes: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The majority's label as a target for training, see `vote_distributions`.

    Returns:
        One-hot float32 (N, 8), all zeros for an image that does not count under the majority protocol; and weights, float32
        (N,): 0 for such an image, 1 for others.

    Raises:
        ShapeError: `votes` has not ten columns.
    """
    labels = majority_labels(votes)
    counted = labels != NOT_COUNTED
    one_hot = np.zeros((len(labels), EMOTIONS), np.float32)
    one_hot[counted, labels[counted]] = 1
    return one_hot, counted.astype(np.float32)


def vote_cooccurrence(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """P(some taggers say j | some taggers say i) over the images; float64 (8, 8), diagonal 1.

    "Some" is two taggers or more, outliers being dropped. A class nobody ever voted for gets an otherwise empty row.

    Raises:
        ShapeError: `votes` has not ten columns.
    """
    present = (without_outliers(votes)[:, :EMOTIONS] > 0).astype(np.float64)
    together = present.T @ present
    conditional = together / np.maximum(np.diag(together), 1)[:, None]
    np.fill_diagonal(conditional, 1)
    return conditional


def split_held_out(count: int, fraction: float, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Two disjoint sorted sets of rows: for training, and `fraction` of them held out; the same for the same seed.

    Raises:
        ShapeError: `fraction` is not in (0, 1).
    """
    if not 0 < fraction < 1:
        raise ShapeError(f"held-out fraction: expected a number in (0, 1), found {fraction}")
    order = np.random.default_rng(seed).permutation(count)
    held_out = max(1, round(count * fraction))
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def _column_name(name: str) -> str:
    plain = name.strip().casefold().replace(" ", "_").replace("-", "_")
    return "not_a_face" if plain == "nf" else plain


def _whole_bytes(path: Path, name: str, array: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Numbers of any type as uint8, if none changes by that."""
    if array.ndim == 0 or array.dtype.kind not in "buif":
        raise DatasetError(f"{path}: {name}: expected an array of numbers, found {array.dtype} {array.shape}; make it again")
    if array.dtype == np.uint8:
        return array.astype(np.uint8, copy=False)
    numbers = array.astype(np.float64)
    if not ((numbers >= 0) & (numbers <= 255) & (numbers == np.floor(numbers))).all():
        raise DatasetError(
            f"{path}: {name}: expected whole numbers of 0 to 255, found {array.dtype} of {numbers.min():g} to "
            f"{numbers.max():g}; write them as they were given out, not scaled"
        )
    return numbers.astype(np.uint8)


def _require_votes(votes: npt.NDArray[np.uint8]) -> None:
    columns = len(FERPLUS_VOTE_COLUMNS)
    if votes.ndim != 2 or votes.shape[1] != columns or votes.dtype != np.uint8:
        raise ShapeError(f"FER+ votes: expected uint8 (N, {columns}), found {votes.dtype} {votes.shape}")
