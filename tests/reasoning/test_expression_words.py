from __future__ import annotations

import pytest

from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.reasoning.expression_words import _WORDS, LABEL_OF_WORD, expression_of


def test_every_label_means_itself_and_no_word_means_two() -> None:
    assert tuple(_WORDS) == FERPLUS_LABELS
    assert all(expression_of(label) == label for label in FERPLUS_LABELS)
    assert len(LABEL_OF_WORD) == sum(len(words.split()) for words in _WORDS.values())


@pytest.mark.parametrize(
    ("word", "label"),
    [("Happily", "happiness"), ("joy", "happiness"), (" Disgustedly.", "disgust"), ("ANGRY", "anger"), ('"Fear"', "fear")],
)
def test_words_of_reasoners(word: str, label: str) -> None:
    assert expression_of(word) == label


@pytest.mark.parametrize("word", ["", "Sadly Fearful", "not sad", "confused", "AU12"])
def test_other_words_mean_none(word: str) -> None:
    assert expression_of(word) is None
