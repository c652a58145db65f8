"""One sentence for people about what a model says of a face, made from its claims and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from realtime_fer.reasoning.claims import Claim, ClaimKind


def said_sentence(claims: Sequence[Claim], share: float | None = None) -> str:
    """Put claims into words: that they are said, not measured.

    Args:
        claims: in any order; what is denied is left out.
        share: the model's own probability of its first expression, in [0, 1]; None where it gives none.
    """
    present = [claim for claim in claims if claim.present]
    expressions = [claim.name for claim in present if claim.kind is ClaimKind.EXPRESSION]
    actions = list(dict.fromkeys(_in_words(claim) for claim in present if claim.kind is ClaimKind.ACTION_UNIT))
    if expressions and share is not None:
        expressions[0] += f" ({share:.0%})"
    if not expressions and not actions:
        return "Nothing was said of the face that could be read."
    if not expressions:
        return f"The face is said to show {_listed(actions)}."
    with_actions = f", with {_listed(actions)}" if actions else ""
    return f"The face is said to show {_listed(expressions)}{with_actions}."


def _in_words(claim: Claim) -> str:
    side = f"{claim.side} " if claim.side else ""
    return f"{side}{claim.name}" + (f" ({claim.intensity})" if claim.intensity else "")


def _listed(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
