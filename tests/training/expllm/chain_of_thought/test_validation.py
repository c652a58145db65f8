from __future__ import annotations

from dataclasses import replace

import pytest

from realtime_fer.training.expllm.chain_of_thought.face_actions import ActiveAction
from realtime_fer.training.expllm.chain_of_thought.validation import problems_of
from tests.training.expllm.chain_of_thought.faces import ANGRY, GOOD, HAPPY, INVENTED, WRONG_LABEL, text_of

ANGRY_END = "The face shows anger."


def test_what_the_labels_say_passes() -> None:
    assert problems_of(GOOD, HAPPY) == []
    assert problems_of(text_of("The brows are lowered.", ANGRY_END), ANGRY) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (INVENTED, "it speaks of brow lower, not there"),
        (WRONG_LABEL, "its conclusion does not say Happiness"),
        (text_of("All is calm.", "Happiness."), "leave out left lip corner pull, right lip corner pull, strong there"),
        (text_of("The left lip corner is pulled up.", "Happiness."), "leave out right lip corner pull, strong there"),
        (text_of("The lip corners are not pulled up.", "Happiness."), "it denies left lip corner pull, right"),
        (GOOD.replace("**Conclusion:**", "So:"), "it has not the three headed parts"),
        (GOOD + " so" * 200, "words, expected 60 to 200"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    assert any(problem in found for found in problems_of(text, HAPPY))


def test_one_side_that_is_there() -> None:
    left = replace(HAPPY, active=HAPPY.active[:1])
    assert problems_of(text_of("The lip corners are pulled up.", "Happiness."), left) == []
    both = problems_of(text_of("Both lip corners are pulled up.", "Happiness."), left)
    assert both == ["it speaks of both lip corner pull, not there"]


def test_denying_what_is_not_there_is_no_claim() -> None:
    assert problems_of(text_of("Both lip corners are pulled up, and the jaw is not dropped.", "Happiness."), HAPPY) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("The brows are lowered and the nose is wrinkled.", 'it says "nose is wrinkled", not there'),
        ("The eyes are narrow.", "its observations leave out brow lowerer, strong there"),
    ],
)
def test_units_of_facs_have_their_own_reading(text: str, problem: str) -> None:
    assert problem in problems_of(text_of(text, ANGRY_END), ANGRY)


def test_words_that_several_units_share() -> None:
    open_mouth = replace(ANGRY, active=(ActiveAction("AU26", "jaw drop", 0.9), ActiveAction("AU2", "outer brow raiser", 0.9)))
    assert problems_of(text_of("The lips are parted, and the brows are raised.", ANGRY_END), open_mouth) == []
