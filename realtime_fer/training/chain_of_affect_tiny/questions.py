"""The two questions as they will be asked, and other wordings, so that a model reads them instead of their length."""

from __future__ import annotations

from typing import Final

from realtime_fer.reasoning.chain_of_affect.label_set import CROWD_LABELS
from realtime_fer.reasoning.chain_of_affect.prompts import candidates_in_words, first_question, second_question

LABELS: Final = CROWD_LABELS

_OFFERED: Final = ", ".join(LABELS.first)

FIRST_WORDINGS: Final = (
    first_question(LABELS),
    f"Which emotion does this face show most strongly? Choose from: {_OFFERED}.",
    "What is the primary emotion conveyed by this image?",
    "Name the strongest emotion of this face.",
)
"""The first of them is the one that the service asks."""

SECOND_WORDINGS: Final = (
    "",  # `second_question`, which lists the candidates in a way of its own
    "The strongest emotion of this face is {primary}. Which emotion does it show next? Choose from: {candidates}.",
    "Besides {primary}, which other emotion does this face show? If there is no other, say none.",
    "What is the secondary emotion conveyed by this image, after {primary}?",
)

ASKED_SHARE: Final = 0.5
"""Of the batches, how many use the wording that the service asks; the others share the rest."""


def second_wording(number: int, primary: str) -> str:
    """The second question in a wording, 0 being the one that the service asks."""
    if number == 0:
        return second_question(primary, labels=LABELS)
    return SECOND_WORDINGS[number].format(primary=primary, candidates=candidates_in_words(primary, LABELS))


def every_text() -> list[str]:
    """All questions in all wordings, and all answers: what the tokenizer is made for."""
    seconds = [second_wording(number, primary) for number in range(len(SECOND_WORDINGS)) for primary in LABELS.first]
    return [*FIRST_WORDINGS, *seconds, *LABELS.every]
