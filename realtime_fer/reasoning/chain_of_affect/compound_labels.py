"""The compound that two basic labels make.

Names and pairs are those of RAF-DB (Li, Deng & Du, CVPR 2017), which took them from Du, Tao & Martinez, PNAS 2014. Of the
15 pairs of six emotions four have no name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from realtime_fer.reasoning.chain_of_affect.label_set import NEUTRAL, PUBLISHED_LABELS, ChainLabels

BASIC_LABELS: Final = PUBLISHED_LABELS.first
"""The seven labels that compounds are made of."""

COMPOUND_PAIRS: Final = {
    "Happily Surprised": ("Happiness", "Surprise"),
    "Happily Disgusted": ("Happiness", "Disgust"),
    "Sadly Fearful": ("Sadness", "Fear"),
    "Sadly Angry": ("Sadness", "Anger"),
    "Sadly Surprised": ("Sadness", "Surprise"),
    "Sadly Disgusted": ("Sadness", "Disgust"),
    "Fearfully Angry": ("Fear", "Anger"),
    "Fearfully Surprised": ("Fear", "Surprise"),
    "Angrily Surprised": ("Anger", "Surprise"),
    "Angrily Disgusted": ("Anger", "Disgust"),
    "Disgustedly Surprised": ("Disgust", "Surprise"),
}
"""RAF-DB's compound classes 1 to 11, in its order, each with its pair; which of the two is stronger does not matter."""

_NAME_OF_PAIR: Final = {frozenset(pair): name for name, pair in COMPOUND_PAIRS.items()}


class CompoundKind(str, Enum):
    """What two answers amount to."""

    NEUTRAL = "neutral"
    """The first answer is Neutral; the second does not count."""
    SINGLE = "single"
    """One emotion: nothing, Neutral or the same again came second."""
    COMPOUND = "compound"
    """A pair with a name."""
    MIXED = "mixed"
    """A pair without one."""
    UNKNOWN = "unknown"
    """An answer is no label."""


@dataclass(frozen=True, slots=True)
class CompoundLabel:
    """The outcome of a chain.

    Attributes:
        kind: which rule gave it.
        name: "Neutral", one of the labels, one of `COMPOUND_PAIRS`, "A and B" for a pair without a name (in the order of the
            labels), or None where unknown.
    """

    kind: CompoundKind
    name: str | None


def compound_label(first: str | None, second: str | None, labels: ChainLabels = PUBLISHED_LABELS) -> CompoundLabel:
    """What two answers amount to; the order of two emotions does not matter.

    The rule of the published prototype, but for two answers that are the same emotion: there that was a compound by
    accident, here it is that emotion alone.

    Args:
        first: one of `labels.first`; None where the answer was none of them.
        second: one of `labels.every`; `NEUTRAL` also stands for a question that was not asked.
        labels: what the answers may be. A pair with Contempt has no name: RAF-DB has none.
    """
    if first == NEUTRAL:
        return CompoundLabel(CompoundKind.NEUTRAL, NEUTRAL)
    if first not in labels.first or second not in labels.every:
        return CompoundLabel(CompoundKind.UNKNOWN, None)
    if second in (NEUTRAL, first, labels.none):
        return CompoundLabel(CompoundKind.SINGLE, first)
    name = _NAME_OF_PAIR.get(frozenset((first, second)))
    if name is not None:
        return CompoundLabel(CompoundKind.COMPOUND, name)
    return CompoundLabel(CompoundKind.MIXED, " and ".join(sorted((first, second), key=labels.first.index)))
