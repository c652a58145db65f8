"""Stretches of a caption that say what is not there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_DENIED: Final = re.compile(
    r"\b(?:not(?! only)|\w+n['\u2019]t|cannot|no|without|neither|nor|never|lack of|lacks|absence of|instead of|rather than"
    r"|minimal|hardly|barely)\b[^.,;]*"
)
"""From a denying word to the next mark; "not raised or furrowed" denies both."""

_UNDONE: Final = re.compile(r"\b(?:but|while|although|though|yet|however|and (?:the|his|her|their))\b")
"""What a denial does not reach beyond."""


def denied_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Begin and end of each stretch that denies, characters; `text` in lower case."""
    spans = []
    for found in _DENIED.finditer(text):
        turn = _UNDONE.search(text, found.start(), found.end())
        spans.append((found.start(), turn.start() if turn else found.end()))
    return tuple(spans)


def inside(position: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a position is in one of the stretches."""
    return any(start <= position < end for start, end in spans)
