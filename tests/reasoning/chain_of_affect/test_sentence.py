from __future__ import annotations

from itertools import product

import pytest

from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS, compound_label
from realtime_fer.reasoning.chain_of_affect.sentence import chain_sentence


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("Neutral", 0.9), (None, None), "The face looks neutral (90%)."),
        (
            ("Sadness", 0.62),
            ("Surprise", 0.418),
            "The face looks sadly surprised: sadness (62%) first, then surprise (42%).",
        ),
        (("Happiness", 0.99), ("Neutral", 0.7), "The face shows happiness (99%) alone."),
        (("Happiness", None), ("Happiness", None), "The face shows happiness alone."),
        (("Fear", None), ("Disgust", 0.5), "The face mixes fear and disgust (50%), a pair without a name of its own."),
        ((None, None), ("Fear", 0.5), "No expression was named that belongs to the list."),
    ],
)
def test_sentences(first: tuple[str | None, float | None], second: tuple[str | None, float | None], expected: str) -> None:
    assert chain_sentence(compound_label(first[0], second[0]), *first, *second) == expected


def test_a_second_emotion_that_does_not_count_is_said() -> None:
    compound = compound_label("Happiness", "Neutral")
    assert chain_sentence(compound, "Happiness", 0.9, "Surprise", 0.2) == (
        "The face shows happiness (90%) alone, and surprise (20%) too weak to count."
    )


@pytest.mark.parametrize(("first", "second"), list(product((*BASIC_LABELS, None), repeat=2)))
def test_always_one_sentence_about_the_face(first: str | None, second: str | None) -> None:
    sentence = chain_sentence(compound_label(first, second), first, 0.5, second, 0.5)
    assert sentence.count(".") == 1
    assert sentence.endswith(".")
    assert "None" not in sentence
    assert "feels" not in sentence
