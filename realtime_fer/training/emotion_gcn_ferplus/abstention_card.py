"""The part of an expression model's card that says when it answers "unknown"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def abstention_section(promise: Mapping[str, Any] | None, answered: Mapping[str, float] | None) -> str:
    """Markdown: what the manifest promises (`zoo.manifest.AbstentionPromise`) and what was found on other faces.

    Args:
        promise: the manifest's `abstention`; None where it has none.
        answered: see `evaluation.ferplus_protocol.answered_above`.
    """
    if promise is None or answered is None:
        return "The file states no limit of its own; the service says `unknown` below a top probability of 0.3."
    return (
        f"Below a top probability of {promise['unknown_below']} the service says `unknown`. The limit was chosen on "
        f"{promise['faces']:,} faces held out of training, so that with {promise['certainty']:.0%} certainty at most "
        f"{promise['max_error']:.0%} of the answers are wrong (selection with guaranteed risk, Geifman and El-Yaniv, NeurIPS "
        f"2017); {promise['answered_share']:.1%} of those faces are answered. On the validation split {answered['share']:.1%} "
        f"are answered and {answered['accuracy']:.1%} of the answers are right. Of the faces that the protocol does not count, "
        f"since the taggers did not agree or saw no emotion, {answered['share_unclear']:.1%} are answered. All this is for "
        "single, unsmoothed pictures like those of FER+; the promise does not hold for other cameras and people unless they "
        "are like them."
    )
