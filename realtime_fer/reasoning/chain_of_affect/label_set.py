"""Which labels a chain offers: those of the published model, or those of the crowd that voted on FER+."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from realtime_fer.errors import ShapeError
from realtime_fer.labels import FERPLUS_LABELS

NEUTRAL: Final = "Neutral"


@dataclass(frozen=True, slots=True)
class ChainLabels:
    """What the answers of a chain may be.

    Attributes:
        first: what the first question offers, in its order.
        none: what the second question offers besides, for a face that shows nothing else; None for a model that was never
            taught to say so, and always names a second emotion.
    """

    first: tuple[str, ...]
    none: str | None = None

    @property
    def every(self) -> tuple[str, ...]:
        """All that an answer may be, the word for "nothing else" last."""
        return self.first if self.none is None else (*self.first, self.none)

    def second(self, primary: str) -> tuple[str, ...]:
        """What the second question offers: all but the first answer, which removes none where it is no label."""
        return tuple(label for label in self.every if label != primary)


PUBLISHED_LABELS: Final = ChainLabels(("Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", NEUTRAL))
"""RAF-DB's classes 1 to 7, spelled and ordered as in the questions of Chain-of-Affect."""

CROWD_LABELS: Final = ChainLabels(
    ("Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Contempt", NEUTRAL), none="none"
)
"""The eight emotions of FER+ in the same order and spelling, and "none": two taggers of ten rarely see a second emotion."""


def ferplus_columns(labels: Sequence[str]) -> list[int]:
    """The vote column of FER+ of each of these labels.

    Raises:
        ShapeError: a label is none of FER+'s.
    """
    unknown = [label for label in labels if label.lower() not in FERPLUS_LABELS]
    if unknown:
        raise ShapeError(f"labels: expected those of FER+ ({', '.join(FERPLUS_LABELS)}), found {', '.join(unknown)}")
    return [FERPLUS_LABELS.index(label.lower()) for label in labels]
