"""Holds what a reasoner claims against what the fast path measured on the same picture.

A reasoner's words are never a measurement. Applied in the service's own process, after an answer was read: whatever a
reasoner says about the grounding of its claims does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from realtime_fer.reasoning.claims import Claim, ClaimKind, Grounding
from realtime_fer.reasoning.expression_words import expression_of
from realtime_fer.reasoning.outcome import ReasoningAnswer
from realtime_fer.reasoning.request import ReasoningRequest

AGREE_FROM = 0.25
"""An expression that is not the likeliest, but at least so likely, agrees too: from here on the fast path itself calls a
face mixed."""

CONTRADICT_BELOW = 0.05
"""With calibrated probabilities, fewer than one in twenty such claims would be right."""

CLEARLY_ABOVE = 0.5
"""And another expression is likelier than all others together. Below that the fast path is too unsure to contradict."""

ACTION_UNIT_FROM = 0.75
"""Three to one that the action unit is there."""

ACTION_UNIT_BELOW = 0.25
"""Three to one that it is not."""

_OPPOSITE = {
    Grounding.AGREE: Grounding.CONTRADICT,
    Grounding.CONTRADICT: Grounding.AGREE,
    Grounding.UNKNOWN: Grounding.UNKNOWN,
}

_UNDECIDED = (Grounding.UNKNOWN, None)


def grounded(answer: ReasoningAnswer, request: ReasoningRequest) -> ReasoningAnswer:
    """The answer with a verdict on each of its claims.

    Where it claims no expression, the first step whose label is one becomes a claim. Only the first: classes exclude each
    other, so that a small probability is no evidence against a second expression in the same face. Claims that contradict
    each other all stay.

    Args:
        answer: as the reasoner gave it; the grounding in its claims is written over.
        request: what it was asked, with what was measured on that picture.
    """
    claims = list(answer.claims)
    if not any(claim.kind is ClaimKind.EXPRESSION for claim in claims):
        labels = (expression_of(step.label) for step in answer.steps)
        claims += [Claim(ClaimKind.EXPRESSION, label) for label in labels if label is not None][:1]
    return replace(answer, claims=tuple(_judged(claim, request) for claim in claims))


def _judged(claim: Claim, request: ReasoningRequest) -> Claim:
    if claim.kind is ClaimKind.EXPRESSION:
        grounding, evidence = _expression(claim, request.probabilities)
    else:
        grounding, evidence = _action_unit(claim, request.action_units)
    return replace(claim, grounding=grounding, evidence=evidence)


def _expression(claim: Claim, probabilities: Mapping[str, float]) -> tuple[Grounding, str | None]:
    claimed = _label_meant(claim.name, probabilities)
    if claimed is None:
        return _UNDECIDED
    probability = probabilities[claimed]
    likeliest = max(probabilities, key=probabilities.__getitem__)
    # One emotion of a mixed face is rightly seen, and to see it not is no mistake either.
    if probability > CLEARLY_ABOVE or (claim.present and (claimed == likeliest or probability >= AGREE_FROM)):
        verdict = Grounding.AGREE
    elif probability < CONTRADICT_BELOW and probabilities[likeliest] > CLEARLY_ABOVE:
        verdict = Grounding.CONTRADICT
    else:
        return _UNDECIDED
    evidence = f"fast path: {likeliest} {probabilities[likeliest]:.2f}"
    if claimed != likeliest:
        evidence += f", {'claimed' if claim.present else 'denied'} {claimed} {probability:.2f}"
    return (verdict if claim.present else _OPPOSITE[verdict]), evidence


def _label_meant(word: str, labels: Mapping[str, float]) -> str | None:
    """The classifier's label for a reasoner's word; None where it has none."""
    if word in labels:
        return word
    meant = expression_of(word)
    return None if meant is None else next((label for label in labels if expression_of(label) == meant), None)


def _action_unit(claim: Claim, action_units: Mapping[str, float]) -> tuple[Grounding, str | None]:
    probability = None if claim.code is None else action_units.get(claim.code)
    if probability is None:
        return _UNDECIDED
    if probability >= ACTION_UNIT_FROM and claim.side is None:  # on which side it is was not measured
        verdict = Grounding.AGREE
    elif probability < ACTION_UNIT_BELOW:
        verdict = Grounding.CONTRADICT
    else:
        return _UNDECIDED
    return (verdict if claim.present else _OPPOSITE[verdict]), f"fast path: {claim.code} {probability:.2f}"
