from __future__ import annotations

import pytest

from realtime_fer.errors import ModelShapeError, ShapeError
from realtime_fer.networks.chain_of_affect_tiny.chat import SPECIAL_TOKENS, answer_ids, face_question
from realtime_fer.reasoning.chain_of_affect.label_set import CROWD_LABELS
from tests.networks.chain_of_affect_tiny.shipped import shipped_tokenizer


def test_a_question_around_a_face() -> None:
    tokenizer = shipped_tokenizer()
    asked = face_question(tokenizer, "Why?")
    assert tokenizer.special_id("<|user|>") == asked.before[0]
    assert tokenizer.decode(asked.before) == "\n"
    assert tokenizer.decode(asked.after) == "\nWhy?\n\n"
    assert [number for number in asked.after if number < len(SPECIAL_TOKENS)] == [3, 2]


@pytest.mark.parametrize("question", ["<|image_1|>", "one <|image_1|> two <|image_1|>"])
def test_a_question_brings_no_picture_of_its_own(question: str) -> None:
    with pytest.raises(ShapeError, match="of its own"):
        face_question(shipped_tokenizer(), question)


def test_labels_are_one_token_each_and_differ() -> None:
    tokenizer = shipped_tokenizer()
    ids = answer_ids(tokenizer, CROWD_LABELS.every)
    assert len(set(ids)) == 9
    assert [tokenizer.decode([number]) for number in ids] == list(CROWD_LABELS.every)
    with pytest.raises(ModelShapeError, match="Bewilderment"):
        answer_ids(tokenizer, ["Bewilderment"])
