from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from realtime_fer.reasoning.claims import Claim, ClaimKind, Grounding
from realtime_fer.reasoning.grounding import AGREE_FROM, CLEARLY_ABOVE, CONTRADICT_BELOW, grounded
from realtime_fer.reasoning.keyframes.rules import KeyframeRules
from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from tests.reasoning.questions import request

HAPPY = {"happiness": 0.83, "surprise": 0.1, "anger": 0.05, "sadness": 0.02}
MIXED = {"sadness": 0.45, "fear": 0.3, "anger": 0.21, "happiness": 0.04}
ANSWER = ReasoningAnswer((ChainStep("primary", "A smile"),), None, "It smiles.", "model", "1")


def expression(name: str, *, present: bool = True) -> Claim:
    return Claim(ClaimKind.EXPRESSION, name, present=present)


def unit(code: str | None = "AU12", *, present: bool = True, side: str | None = None) -> Claim:
    return Claim(ClaimKind.ACTION_UNIT, "lip corner puller", code=code, present=present, side=side)


def verdict(
    claim: Claim, probabilities: Mapping[str, float] = HAPPY, action_units: Mapping[str, float] | None = None
) -> tuple[str, str | None]:
    asked = replace(request(), probabilities=probabilities, action_units=action_units or {})
    (judged,) = grounded(replace(ANSWER, claims=(claim,)), asked).claims[:1]
    assert replace(judged, grounding=claim.grounding, evidence=claim.evidence) == claim, "nothing else is changed"
    return judged.grounding.value, judged.evidence


@pytest.mark.parametrize(
    ("claim", "probabilities", "expected"),
    [
        (expression("happiness"), HAPPY, ("agree", "fast path: happiness 0.83")),
        (expression("joy"), HAPPY, ("agree", "fast path: happiness 0.83")),
        (expression("sadness"), HAPPY, ("contradict", "fast path: happiness 0.83, claimed sadness 0.02")),
        (expression("anger"), HAPPY, ("unknown", None)),
        (expression("contempt"), HAPPY, ("unknown", None)),
        (expression("confusion"), HAPPY, ("unknown", None)),
        (expression("sadness"), MIXED, ("agree", "fast path: sadness 0.45")),
        (expression("fear"), MIXED, ("agree", "fast path: sadness 0.45, claimed fear 0.30")),
        (expression("anger"), MIXED, ("unknown", None)),
        (expression("happiness"), MIXED, ("unknown", None)),
        (expression("sadness"), {}, ("unknown", None)),
        (expression("sadness"), {"Sad": 0.9, "Happy": 0.1}, ("agree", "fast path: Sad 0.90")),
        (expression("confusion"), {"confusion": 0.9, "sadness": 0.1}, ("agree", "fast path: confusion 0.90")),
        (expression("sadness", present=False), HAPPY, ("agree", "fast path: happiness 0.83, denied sadness 0.02")),
        (expression("happiness", present=False), HAPPY, ("contradict", "fast path: happiness 0.83")),
        (expression("fear", present=False), MIXED, ("unknown", None)),
        (expression("sadness", present=False), MIXED, ("unknown", None)),
        (expression("anger", present=False), HAPPY, ("unknown", None)),
    ],
)
def test_expressions(claim: Claim, probabilities: Mapping[str, float], expected: tuple[str, str | None]) -> None:
    assert verdict(claim, probabilities) == expected


def test_the_limits_themselves() -> None:
    assert KeyframeRules().mixed_from == AGREE_FROM, "what the fast path calls mixed agrees with both"
    two = {"happiness": 1 - AGREE_FROM, "sadness": AGREE_FROM}
    assert verdict(expression("sadness"), two)[0] == "agree"
    assert verdict(expression("sadness"), {**two, "sadness": AGREE_FROM - 0.01})[0] == "unknown"
    assert verdict(expression("sadness"), {"happiness": 0.9, "sadness": CONTRADICT_BELOW})[0] == "unknown"
    assert verdict(expression("sadness"), {"happiness": CLEARLY_ABOVE, "sadness": 0.0})[0] == "unknown"
    assert verdict(expression("sadness"), {"happiness": CLEARLY_ABOVE + 0.01, "sadness": 0.0})[0] == "contradict"


@pytest.mark.parametrize(
    ("claim", "probability", "expected"),
    [
        (unit(), 0.91, ("agree", "fast path: AU12 0.91")),
        (unit(), 0.75, ("agree", "fast path: AU12 0.75")),
        (unit(), 0.74, ("unknown", None)),
        (unit(), 0.25, ("unknown", None)),
        (unit(), 0.04, ("contradict", "fast path: AU12 0.04")),
        (unit(present=False), 0.91, ("contradict", "fast path: AU12 0.91")),
        (unit(present=False), 0.04, ("agree", "fast path: AU12 0.04")),
        (unit(side="left"), 0.91, ("unknown", None)),
        (unit(side="left", present=False), 0.91, ("unknown", None)),
        (unit(side="left"), 0.04, ("contradict", "fast path: AU12 0.04")),
        (unit("AU4"), 0.91, ("unknown", None)),
        (unit(None), 0.91, ("unknown", None)),
    ],
)
def test_action_units(claim: Claim, probability: float, expected: tuple[str, str | None]) -> None:
    assert verdict(claim, action_units={"AU12": probability}) == expected


def test_where_no_action_unit_is_measured_none_is_known() -> None:
    assert verdict(unit()) == ("unknown", None)


def test_what_a_reasoner_says_of_grounding_is_written_over() -> None:
    boast = replace(unit(), grounding=Grounding.AGREE, evidence="I measured it")
    (judged, *_) = grounded(replace(ANSWER, claims=(boast,)), request()).claims
    assert (judged.grounding, judged.evidence) == (Grounding.UNKNOWN, None)


def test_contradictions_within_an_answer_stay() -> None:
    both = (unit(), unit(present=False))
    asked = replace(request(), action_units={"AU12": 0.9})
    claims = grounded(replace(ANSWER, claims=both), asked).claims
    assert [(claim.present, claim.grounding.value) for claim in claims] == [(True, "agree"), (False, "contradict")]


def test_the_first_step_that_names_an_expression_becomes_a_claim_where_there_is_none() -> None:
    steps = (ChainStep("mood", "Warm"), ChainStep("primary", "Sadly"), ChainStep("secondary", "Happiness"))
    claims = grounded(replace(ANSWER, steps=steps, claims=(unit(),)), replace(request(), probabilities=HAPPY)).claims
    assert [(claim.name, claim.grounding.value) for claim in claims] == [
        ("lip corner puller", "unknown"),
        ("sadness", "contradict"),
    ]
    given = grounded(replace(ANSWER, steps=steps, claims=(expression("anger"),)), request()).claims
    assert [claim.name for claim in given] == ["anger"]


def test_an_answer_without_anything_to_compare_is_left_as_it_is() -> None:
    assert grounded(ANSWER, request()) == ANSWER
