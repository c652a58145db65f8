from __future__ import annotations

import pytest

from realtime_fer.networks.exp_blip.caption_kinds import CaptionKind
from realtime_fer.reasoning.claims import Claim, ClaimKind
from realtime_fer.reasoning.exp_blip.claims import caption_claims

SMILE = Claim(ClaimKind.ACTION_UNIT, "lip corner puller", "AU12")
BROWS = [("AU1", None, None), ("AU2", None, None)]
JOY = Claim(ClaimKind.EXPRESSION, "happiness")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(CaptionKind.ACTIONS, (SMILE,)), (CaptionKind.EMOTION, (JOY,)), (CaptionKind.EXPRESSION, (JOY, SMILE))],
)
def test_each_kind_claims_what_it_tells(kind: CaptionKind, expected: tuple[Claim, ...]) -> None:
    assert caption_claims("the lip corners pulled upwards indicate happiness.", kind) == expected


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        (
            "the lip corners are slightly pulled upwards and the brows are lowered.",
            [("AU12", None, "slightly"), ("AU4", None, None)],
        ),
        ("the left lip corner is strongly pulled up.", [("AU12", "left", "strongly")]),
        ("the left and right lip corners are pulled up.", [("AU12", None, None)]),
        ("the brow is raised and the right lip corner is pulled up.", [*BROWS, ("AU12", "right", None)]),
        ("the jaw drops slightly. the lips are parted.", [("AU26", None, None), ("AU25", None, None)]),
        ("slightly raised inner eyebrows, the inner eyebrows are raised.", [("AU1", None, "slightly")]),
        ("the eyebrows are not raised or furrowed.", []),
        ("", []),
    ],
)
def test_how_strong_and_on_which_side(caption: str, expected: list[tuple[str, str | None, str | None]]) -> None:
    claims = caption_claims(caption, CaptionKind.ACTIONS)
    assert [(claim.code, claim.side, claim.intensity) for claim in claims] == expected
    assert all(claim.present for claim in claims)


def test_emotions_come_once_in_the_order_of_the_caption() -> None:
    claims = caption_claims("the face shows surprise and fear. surprised.", CaptionKind.EMOTION)
    assert [claim.name for claim in claims] == ["surprise", "fear"]
