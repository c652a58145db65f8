from __future__ import annotations

import pytest

from realtime_fer.labels import EXPRESSION_LABELS
from realtime_fer.networks.expllm.action_mentions import action_mentions
from realtime_fer.networks.expllm.action_words import MOVEMENTS
from realtime_fer.networks.expllm.prompts import LABELS
from realtime_fer.reasoning.claims import Claim, ClaimKind
from realtime_fer.reasoning.expllm.claims import FACS, action_claims, expression_claim


def claimed(text: str) -> list[tuple[str | None, str | None, str | None, bool]]:
    return [(claim.code, claim.side, claim.intensity, claim.present) for claim in action_claims(action_mentions(text))]


def test_every_action_that_can_be_read_has_its_numbers() -> None:
    assert FACS.keys() == {action for actions in MOVEMENTS.values() for action in actions}
    assert all(pairs for pairs in FACS.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The lip corners are strongly pulled upward.", [("AU12", None, "strongly", True)]),
        ("The left eyebrow is slightly raised.", [("AU1", "left", "slightly", True), ("AU2", "left", "slightly", True)]),
        ("The inner eyebrows are raised.", [("AU1", None, None, True)]),
        ("There is no outer brow raise.", [("AU2", None, None, False)]),
        ("Inner brows and outer brows are raised.", [("AU1", None, None, True), ("AU2", None, None, True)]),
        ("Both eyebrows are lowered (0.45).", [("AU4", None, "0.45", True)]),
        ("There is no brow lowering.", [("AU4", None, None, False)]),
        ("The jaw drops. The jaw is markedly dropped.", [("AU26", None, "markedly", True)]),
        ("The jaw drops. There is no jaw drop.", [("AU26", None, None, True), ("AU26", None, None, False)]),
        ("A calm face.", []),
    ],
)
def test_what_is_said_is_claimed_once(text: str, expected: list[tuple[str, str | None, str | None, bool]]) -> None:
    assert claimed(text) == expected


def test_a_claim_has_its_name() -> None:
    (claim,) = action_claims(action_mentions("The upper lip is raised."))
    assert claim == Claim(ClaimKind.ACTION_UNIT, "upper lip raiser", "AU10")


def test_a_label_is_claimed_in_our_words() -> None:
    assert expression_claim(None) == ()
    for label in LABELS:
        (claim,) = expression_claim(label)
        assert claim.kind is ClaimKind.EXPRESSION
        assert claim.name in EXPRESSION_LABELS
