from __future__ import annotations

import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.networks.expllm.prompts import (
    DESCRIPTION,
    EXPRESSION,
    IMAGE_TOKEN,
    Turn,
    conversation_text,
    description_prompt,
    label_prompt,
    opening,
)

START = "You are a helpful face analysis assistant. \nImage: " + 256 * IMAGE_TOKEN + "\nTASK: Expression recognition involves"


def test_the_label_is_asked_for() -> None:
    prompt = label_prompt()
    assert prompt.startswith(START)
    assert prompt.endswith("Please provide the expression label.\nASSISTANT:")


def test_the_description_is_asked_for_with_the_label_in_the_history() -> None:
    prompt = description_prompt("Fear")
    assert prompt == label_prompt() + " Fear</s>" + opening(DESCRIPTION)
    assert (
        "</s>TASK: Expression analysis involves providing a detailed analysis of the face. \nUSER: Can you analysis" in prompt
    )


def test_only_the_last_turn_may_be_open() -> None:
    assert conversation_text([Turn(EXPRESSION, "Anger")]) == label_prompt() + " Anger</s>"
    for turns in ([], [Turn(EXPRESSION), Turn(DESCRIPTION, "x")]):
        with pytest.raises(ShapeError, match="only the last is open"):
            conversation_text(turns)
