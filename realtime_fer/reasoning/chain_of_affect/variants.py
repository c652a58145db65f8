"""The published ways of asking, by name. The model was trained in one and tested in others; figures hold for their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION, FIRST_QUESTION_COMPOUND_TEST


@dataclass(frozen=True, slots=True)
class ChainVariant:
    """One way of asking.

    Attributes:
        name: what a setting says.
        first_question: its wording.
        num_crops: tiles at most that a picture is cut into.
        extra_bos: more tokens that begin a text, in front of it.
    """

    name: str
    first_question: str
    num_crops: int
    extra_bos: int


TRAINING: Final = ChainVariant("training", FIRST_QUESTION, num_crops=16, extra_bos=1)
NOTEBOOK_BASIC: Final = ChainVariant("notebook-basic", FIRST_QUESTION, num_crops=4, extra_bos=0)
NOTEBOOK_COMPOUND: Final = ChainVariant("notebook-compound", FIRST_QUESTION_COMPOUND_TEST, num_crops=4, extra_bos=0)
"""Also the webcam prototype's. The published figures on compound labels were measured like this."""

VARIANTS: Final = {variant.name: variant for variant in (NOTEBOOK_COMPOUND, NOTEBOOK_BASIC, TRAINING)}


def chain_variant(name: str) -> ChainVariant:
    """The variant of this name.

    Raises:
        SettingsError: there is none.
    """
    if name not in VARIANTS:
        raise SettingsError(f"chain variant: expected one of {', '.join(VARIANTS)}, found {name!r}")
    return VARIANTS[name]
