"""Which label an answer in words means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final

from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS

_AROUND: Final = " \t\r\n\"'`.,;:!*()[]"
"""What models write around a word they were asked for."""


class Matching(str, Enum):
    """How strictly an answer is read."""

    EXACT = "exact"
    """The label and nothing else but white space around it: the published test on compound labels, and the prototype."""
    IGNORE_CASE = "ignore-case"
    """The same in upper or lower case: the published test on single labels."""
    LENIENT = "lenient"
    """Quotes and stops are dropped; a longer answer counts where it names one label and no other."""


def answer_label(text: str, matching: Matching = Matching.EXACT, labels: Sequence[str] = BASIC_LABELS) -> str | None:
    """The label that an answer means.

    Args:
        text: as it came.
        matching: how strictly it is read.
        labels: what it may be.

    Returns:
        One of `labels`; None where it is none of them.
    """
    text = text.strip()
    if matching is Matching.EXACT:
        return text if text in labels else None
    by_lower_case = {label.lower(): label for label in labels}
    if matching is Matching.IGNORE_CASE:
        return by_lower_case.get(text.lower())
    word = by_lower_case.get(text.strip(_AROUND).lower())
    if word is not None:
        return word
    named = {label for lower, label in by_lower_case.items() if re.search(rf"\b{re.escape(lower)}\b", text.lower())}
    return named.pop() if len(named) == 1 else None
