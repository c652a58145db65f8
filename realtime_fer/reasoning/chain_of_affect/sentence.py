"""One sentence for people, made from the values of a chain and from nothing else.

It says how a face looks, not what a person feels, and explains nothing that was not measured.
"""

from __future__ import annotations

from realtime_fer.reasoning.chain_of_affect.compound_labels import CompoundKind, CompoundLabel


def chain_sentence(
    compound: CompoundLabel,
    primary: str | None,
    primary_probability: float | None = None,
    secondary: str | None = None,
    secondary_probability: float | None = None,
    *,
    none: str | None = None,
) -> str:
    """Put the outcome of a chain into words.

    Args:
        compound: what both answers amount to.
        primary, secondary: the answers; None where there is none.
        primary_probability, secondary_probability: in [0, 1]; None where the model does not say.
        none: the answer that means "nothing else", where the model has one.
    """
    if compound.kind is CompoundKind.UNKNOWN:
        return "No expression was named that belongs to the list."
    first = _with_share(primary, primary_probability)
    if compound.kind is CompoundKind.NEUTRAL:
        return f"The face looks {first}."
    second = _with_share(secondary, secondary_probability)
    if compound.kind is CompoundKind.SINGLE:
        # A second answer is worth saying only where it was an emotion of its own, too weak to count.
        weak = f", and {second} too weak to count" if secondary not in (None, primary, "Neutral", none) else ""
        return f"The face shows {first} alone{weak}."
    if compound.kind is CompoundKind.COMPOUND:
        return f"The face looks {str(compound.name).lower()}: {first} first, then {second}."
    return f"The face mixes {first} and {second}, a pair without a name of its own."


def _with_share(label: str | None, probability: float | None) -> str:
    word = str(label).lower()
    return word if probability is None else f"{word} ({probability:.0%})"
