"""The two questions of Chain-of-Affect, letter by letter as published; for another set of labels, with those in place.

Each is asked on its own, with the picture: the second is not a continuation of the first.

Source: Joe-Shin/Chain-of-Affect-Compound-FER.
"""

from __future__ import annotations

from typing import Final

from realtime_fer.reasoning.chain_of_affect.label_set import PUBLISHED_LABELS, ChainLabels

FIRST_QUESTION: Final = (
    "Select an emotion label from the following options: "
    "'Surprise', 'Fear', 'Disgust', 'Happiness', 'Sadness', 'Anger', or 'Neutral'."
)
"""As trained, and as asked in the published test on single labels."""

FIRST_QUESTION_OF_ANY: Final = "Select an emotion label from the following options: {candidates}."
"""The same for other labels, to be filled by `first_question`."""

FIRST_QUESTION_COMPOUND_TEST: Final = FIRST_QUESTION.replace("'Anger', or", "'Anger' or")
"""As asked in the published test on compound labels and by the webcam prototype: one comma less than trained."""

SECOND_QUESTION: Final = (
    "The primary emotion conveyed by this image was {primary}. "
    "Please select the next most strongly felt emotion from the following options: {candidates}."
)
"""To be filled by `second_question`."""

NEUTRAL_HINT: Final = " If the secondary emotion is not highly apparent, say 'Neutral'."
"""An ending of the second question that the prototype carries, switched off."""


def first_question(labels: ChainLabels) -> str:
    """The first question for a set of labels; `FIRST_QUESTION` for the published one."""
    *most, last = (f"'{label}'" for label in labels.first)
    return FIRST_QUESTION_OF_ANY.format(candidates=f"{', '.join(most)}, or {last}")


def second_candidates(primary: str, labels: ChainLabels = PUBLISHED_LABELS) -> tuple[str, ...]:
    """The labels that the second question offers: all but the first answer, which removes none where it is no label."""
    return labels.second(primary)


def candidates_in_words(primary: str, labels: ChainLabels = PUBLISHED_LABELS) -> str:
    """`second_candidates` as the second question lists them: "A, B, or C"."""
    *most, last = second_candidates(primary, labels)
    return f"{', '.join(most)}, or {last}"


def second_question(primary: str, neutral_hint: bool = False, labels: ChainLabels = PUBLISHED_LABELS) -> str:
    """The second question.

    Args:
        primary: the first answer, as it came.
        neutral_hint: end it with `NEUTRAL_HINT`.
        labels: what it may offer.
    """
    asked = SECOND_QUESTION.format(primary=primary, candidates=candidates_in_words(primary, labels))
    return asked + NEUTRAL_HINT if neutral_hint else asked
