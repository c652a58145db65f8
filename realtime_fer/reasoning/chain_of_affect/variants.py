"""The ways of asking, by name: those of the published model, which was trained in one and tested in others, and our own.

Figures hold for their own way only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.chain_of_affect.label_set import CROWD_LABELS, PUBLISHED_LABELS, ChainLabels
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION, FIRST_QUESTION_COMPOUND_TEST, first_question


@dataclass(frozen=True, slots=True)
class ChainVariant:
    """One way of asking.

    Attributes:
        name: what a setting says.
        first_question: its wording.
        num_crops: tiles at most that a picture is cut into.
        extra_bos: more tokens that begin a text, in front of it.
        labels: what the answers may be.
    """

    name: str
    first_question: str
    num_crops: int
    extra_bos: int
    labels: ChainLabels = PUBLISHED_LABELS


TRAINING: Final = ChainVariant("training", FIRST_QUESTION, num_crops=16, extra_bos=1)
NOTEBOOK_BASIC: Final = ChainVariant("notebook-basic", FIRST_QUESTION, num_crops=4, extra_bos=0)
NOTEBOOK_COMPOUND: Final = ChainVariant("notebook-compound", FIRST_QUESTION_COMPOUND_TEST, num_crops=4, extra_bos=0)
"""Also the webcam prototype's. The published figures on compound labels were measured like this."""

CROWD: Final = ChainVariant("crowd", first_question(CROWD_LABELS), num_crops=1, extra_bos=0, labels=CROWD_LABELS)
"""`chain-of-affect-tiny`'s, and of no other model: the published wording with the labels of FER+, and "none"."""

VARIANTS: Final = {variant.name: variant for variant in (NOTEBOOK_COMPOUND, NOTEBOOK_BASIC, TRAINING)}
"""Of the published model."""


def chain_variant(name: str) -> ChainVariant:
    """The variant of this name.

    Raises:
        SettingsError: there is none.
    """
    if name not in VARIANTS:
        raise SettingsError(f"chain variant: expected one of {', '.join(VARIANTS)}, found {name!r}")
    return VARIANTS[name]
