from __future__ import annotations

import pytest

from realtime_fer.reasoning.chain_of_affect.prompts import first_question, second_question
from realtime_fer.training.chain_of_affect_tiny.questions import (
    FIRST_WORDINGS,
    LABELS,
    SECOND_WORDINGS,
    every_text,
    second_wording,
)


def test_the_wording_that_the_service_asks_comes_first() -> None:
    assert FIRST_WORDINGS[0] == first_question(LABELS)
    assert second_wording(0, "Fear") == second_question("Fear", labels=LABELS)


@pytest.mark.parametrize("number", range(len(SECOND_WORDINGS)))
def test_every_second_question_names_the_first_answer(number: int) -> None:
    asked = {second_wording(number, label) for label in LABELS.first}
    assert len(asked) == len(LABELS.first)
    assert second_wording(number, "Contempt").count("Contempt") == 1
    assert "{" not in second_wording(number, "Contempt")


def test_every_text_is_there_for_the_tokenizer() -> None:
    texts = every_text()
    assert set(LABELS.every) < set(texts)
    assert len(set(texts)) == len(texts) == len(FIRST_WORDINGS) + 8 * len(SECOND_WORDINGS) + 9
