"""What a caption goes through before training, so that the models write the same way."""

from __future__ import annotations

import re
from typing import Final

MAX_WORDS: Final = 50
"""Of a caption in training."""

END_MARK: Final = "\n"
"""Ends every caption of the second stage; what generation stops at."""

_DROPPED: Final = re.compile(r"[!\"()*#:;~]")
"""The full stop stays, unlike in LAVIS, from which this comes."""


def processed_caption(caption: str, max_words: int = MAX_WORDS) -> str:
    """A caption as the published training saw it: lower case, some marks dropped, at most `max_words` words.

    Raises:
        ValueError: `max_words` is below 1.

    Source: text processor of the authors' code.
    """
    if max_words < 1:
        raise ValueError(f"max_words: expected at least 1, found {max_words}")
    words = _DROPPED.sub(" ", caption.lower()).split()
    return " ".join(words[:max_words])


def stage_two_text(caption: str, max_words: int = MAX_WORDS) -> str:
    """`processed_caption` and the end mark, as the second stage learns it.

    Raises:
        ValueError: as `processed_caption`.
    """
    return processed_caption(caption, max_words) + END_MARK
