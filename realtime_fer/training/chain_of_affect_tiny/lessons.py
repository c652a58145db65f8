"""What one epoch asks of which face, and how the crowd would answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.ferplus import vote_distributions
from realtime_fer.datasets.ferplus_pairs import NO_SECOND, second_distributions
from realtime_fer.reasoning.chain_of_affect.label_set import ferplus_columns
from realtime_fer.training.chain_of_affect_tiny.questions import ASKED_SHARE, FIRST_WORDINGS, LABELS, SECOND_WORDINGS
from realtime_fer.training.emotion_gcn_ferplus.crowd import epoch_rows

COLUMNS: Final = ferplus_columns(LABELS.first)
"""The vote column of each label; answers count labels in the order of `LABELS.every`."""

TOLD_MOST_VOTED: Final = 0.7
TOLD_BY_VOTES: Final = 0.2
"""Which emotion the second question names as the first: mostly the one with most votes; sometimes one drawn by its votes; else
any. What a model says first is sometimes wrong, and the second answer must still make sense."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One batch: each face is asked both questions, in one wording each.

    Attributes:
        rows: of the faces, int64 (B,).
        weights: how much each face counts, float32 (B,).
        first_wording, second_wording: numbers in `questions`.
        told: the label that the second question names, int64 (B,).
        first_shares, second_shares: answers of the crowd, float32 (B, 9).
        first_said, second_said: an answer drawn from those, int64 (B,), for learning where an answer ends.
    """

    rows: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]
    first_wording: int
    second_wording: int
    told: npt.NDArray[np.int64]
    first_shares: npt.NDArray[np.float32]
    second_shares: npt.NDArray[np.float32]
    first_said: npt.NDArray[np.int64]
    second_said: npt.NDArray[np.int64]


def first_answers(votes: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """How the crowd answers the first question, float32 (N, 9), "none" never; and the faces' weights, float32 (N,).

    See `datasets.ferplus.vote_distributions`.
    """
    shares, weights = vote_distributions(votes)
    return np.pad(shares[:, COLUMNS], ((0, 0), (0, 1))), weights


def second_answers(votes: npt.NDArray[np.uint8], told: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """How the crowd answers the second question once these labels are named first: uint8 (N, 10), (N,) -> float32 (N, 9)."""
    return second_distributions(votes, np.asarray(COLUMNS)[told])[:, [*COLUMNS, NO_SECOND]]


class EpochLessons:
    """The batches of one epoch, made as they are asked for; the same for the same seed and epoch.

    Rare emotions come as often as in the training of the classifier (`expression.epoch_rows`); a last batch that is not full is
    left out.
    """

    def __init__(self, votes: npt.NDArray[np.uint8], batch: int, seed: int, epoch: int) -> None:
        self._votes = votes
        self._batch = batch
        self._source = (seed, epoch)
        self._rows = np.random.default_rng(self._source).permutation(epoch_rows(votes))

    def __len__(self) -> int:
        return max(1, len(self._rows) // self._batch)

    def __iter__(self) -> Iterator[Lesson]:
        # Beside the order of the rows, which was drawn from the same numbers.
        rng = np.random.default_rng((*self._source, 1))
        for step in range(len(self)):
            yield self._lesson(self._rows[step * self._batch : (step + 1) * self._batch], rng)

    def _lesson(self, rows: npt.NDArray[np.int64], rng: np.random.Generator) -> Lesson:
        votes = self._votes[rows]
        first_shares, weights = first_answers(votes)
        how = rng.random(len(rows))
        told = np.where(how < TOLD_MOST_VOTED, first_shares.argmax(axis=1), draw_each(first_shares, rng))
        told = np.where(how < TOLD_MOST_VOTED + TOLD_BY_VOTES, told, rng.integers(0, len(LABELS.first), len(rows)))
        second_shares = second_answers(votes, told)
        return Lesson(
            rows=rows,
            weights=weights,
            first_wording=_wording(len(FIRST_WORDINGS), rng),
            second_wording=_wording(len(SECOND_WORDINGS), rng),
            told=told,
            first_shares=first_shares,
            second_shares=second_shares,
            first_said=draw_each(first_shares, rng),
            second_said=draw_each(second_shares, rng),
        )


def draw_each(shares: npt.NDArray[np.floating], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """One column of each row, drawn by its shares: (N, C) -> int64 (N,)."""
    cumulative = shares.cumsum(axis=1)
    return np.asarray((cumulative < rng.random((len(shares), 1)) * cumulative[:, -1:]).sum(axis=1), np.int64)


def _wording(wordings: int, rng: np.random.Generator) -> int:
    return 0 if rng.random() < ASKED_SHARE else int(rng.integers(1, wordings))
