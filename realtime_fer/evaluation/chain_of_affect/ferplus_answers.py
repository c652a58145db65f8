"""Ask a chain model everything that `ferplus` scores, about one face after the other, as the service asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.ferplus import EMOTIONS
from realtime_fer.errors import ShapeError
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.reasoning.chain_of_affect.label_set import ChainLabels, ferplus_columns
from realtime_fer.reasoning.chain_of_affect.model import ChainModel, Picture
from realtime_fer.reasoning.chain_of_affect.prompts import first_question, second_question

CHAIN_CLASSES: Final = (*FERPLUS_LABELS, "none")
TELL_EVERY: Final = 500

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ChainAnswers:
    """What a model said about N faces, in the order of `CHAIN_CLASSES`.

    Attributes:
        first: distribution of the first answer, float64 (N, 8).
        second: of the second, named the true first emotion, (N, 9); that emotion itself has no share.
        own_second: the same, named its own first answer.
        told_wrong: another emotion than the true first, int64 (N,).
        corrected: the likeliest answer where the second question names that one, (N,), of all nine.
        as_chosen: share of all answers that are, in words, the likeliest of the labels offered.
    """

    first: Shares
    second: Shares
    own_second: Shares
    told_wrong: npt.NDArray[np.int64]
    corrected: npt.NDArray[np.int64]
    as_chosen: float


def ask_all(
    model: ChainModel,
    labels: ChainLabels,
    images: npt.NDArray[np.uint8],
    primary: npt.NDArray[np.int64],
    progress: Callable[[str], None] | None = None,
) -> ChainAnswers:
    """Every question about every face.

    Args:
        model: which answers in words, with distributions.
        labels: what it is offered.
        images: uint8 (N, S, S), grey.
        primary: the true first emotion, int64 (N,), in FER+'s order.
        progress: told a line now and then.

    Raises:
        ShapeError: the model gives no distributions.
    """
    reader = _Reader(labels)
    first, second, own, wrong, corrected = [], [], [], [], []
    for number, (image, truth) in enumerate(zip(images, primary.tolist(), strict=True)):
        picture = model.look(np.repeat(image[..., None], 3, axis=2))
        first.append(reader.first(picture))
        second.append(reader.second(picture, truth))
        said = int(first[-1].argmax())
        own.append(second[-1] if said == truth else reader.second(picture, said))
        # Not drawn at random, so that the same file always gives the same figures.
        wrong.append((truth + 1 + number % (EMOTIONS - 1)) % EMOTIONS)
        corrected.append(int(reader.second(picture, wrong[-1], offered_only=False).argmax()))
        if progress and (number + 1) % TELL_EVERY == 0:
            progress(f"{number + 1} of {len(images)} faces")
    return ChainAnswers(
        np.stack(first), np.stack(second), np.stack(own), np.array(wrong), np.array(corrected), float(np.mean(reader.agrees))
    )


class _Reader:
    """Asks, and puts answers into FER+'s order."""

    def __init__(self, labels: ChainLabels) -> None:
        self.agrees: list[bool] = []
        self._labels = labels
        self._columns = [*ferplus_columns(labels.first), EMOTIONS]
        self._label_of = dict(zip(self._columns, labels.every, strict=True))

    def first(self, picture: Picture) -> Shares:
        """-> (8,)"""
        return self._ask(picture, first_question(self._labels), self._labels.first)[:EMOTIONS]

    def second(self, picture: Picture, told: int, offered_only: bool = True) -> Shares:
        """-> (9,)"""
        name = self._label_of[told]
        offered = self._labels.second(name) if offered_only else self._labels.every
        return self._ask(picture, second_question(name, labels=self._labels), offered)

    def _ask(self, picture: Picture, question: str, offered: Sequence[str]) -> Shares:
        reply = picture.ask(question, offered)
        if reply.distribution is None:
            raise ShapeError("reply: expected a distribution over the labels, found none; this model cannot be scored")
        shares = {label: reply.distribution[label] if label in offered else 0.0 for label in self._labels.every}
        self.agrees.append(reply.text == max(offered, key=shares.__getitem__))
        row = np.zeros(len(CHAIN_CLASSES))
        row[self._columns] = [shares[label] for label in self._labels.every]
        return np.asarray(row / row.sum())
