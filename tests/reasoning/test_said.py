from __future__ import annotations

import pytest

from realtime_fer.reasoning.claims import Claim, ClaimKind
from realtime_fer.reasoning.said import said_sentence

JOY = Claim(ClaimKind.EXPRESSION, "happiness")
AWE = Claim(ClaimKind.EXPRESSION, "surprise")
SMILE = Claim(ClaimKind.ACTION_UNIT, "lip corner puller", "AU12", intensity="strongly")
BROW = Claim(ClaimKind.ACTION_UNIT, "brow lowerer", "AU4", side="left")
DENIED = Claim(ClaimKind.ACTION_UNIT, "jaw drop", "AU26", present=False)


@pytest.mark.parametrize(
    ("claims", "share", "sentence"),
    [
        ([], None, "Nothing was said of the face that could be read."),
        ([DENIED], 0.5, "Nothing was said of the face that could be read."),
        ([JOY], 0.914, "The face is said to show happiness (91%)."),
        ([SMILE, BROW], 0.5, "The face is said to show lip corner puller (strongly) and left brow lowerer."),
        ([JOY, AWE, SMILE, SMILE], None, "The face is said to show happiness and surprise, with lip corner puller (strongly)."),
    ],
)
def test_what_is_said(claims: list[Claim], share: float | None, sentence: str) -> None:
    assert said_sentence(claims, share) == sentence
