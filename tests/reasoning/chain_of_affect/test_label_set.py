from __future__ import annotations

import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.reasoning.chain_of_affect.compound_labels import CompoundKind, CompoundLabel, compound_label
from realtime_fer.reasoning.chain_of_affect.label_set import CROWD_LABELS, PUBLISHED_LABELS, ferplus_columns
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION, first_question, second_question
from realtime_fer.reasoning.chain_of_affect.sentence import chain_sentence
from realtime_fer.reasoning.chain_of_affect.variants import CROWD, VARIANTS


def test_the_published_labels_make_the_published_question() -> None:
    assert first_question(PUBLISHED_LABELS) == FIRST_QUESTION
    assert PUBLISHED_LABELS.every == PUBLISHED_LABELS.first
    assert PUBLISHED_LABELS.second("Contempt") == PUBLISHED_LABELS.first


def test_the_crowd_has_contempt_and_none() -> None:
    assert sorted(label.lower() for label in CROWD_LABELS.first) == sorted(FERPLUS_LABELS)
    assert CROWD_LABELS.every[-1] == "none"
    assert "'Contempt', or 'Neutral'." in first_question(CROWD_LABELS)
    assert second_question("Fear", labels=CROWD_LABELS).endswith(
        "options: Surprise, Disgust, Happiness, Sadness, Anger, Contempt, Neutral, or none."
    )


def test_columns_of_the_votes() -> None:
    assert ferplus_columns(("Neutral", "Contempt", "Fear")) == [0, 7, 6]
    with pytest.raises(ShapeError, match="found none"):
        ferplus_columns(CROWD_LABELS.every)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Sadness", "none", CompoundLabel(CompoundKind.SINGLE, "Sadness")),
        ("Sadness", "Neutral", CompoundLabel(CompoundKind.SINGLE, "Sadness")),
        ("Neutral", "none", CompoundLabel(CompoundKind.NEUTRAL, "Neutral")),
        ("Neutral", "Sadness", CompoundLabel(CompoundKind.NEUTRAL, "Neutral")),
        ("Contempt", "Anger", CompoundLabel(CompoundKind.MIXED, "Anger and Contempt")),
        ("Anger", "Disgust", CompoundLabel(CompoundKind.COMPOUND, "Angrily Disgusted")),
        ("none", "Anger", CompoundLabel(CompoundKind.UNKNOWN, None)),
    ],
)
def test_what_two_answers_of_the_crowd_amount_to(first: str, second: str, expected: CompoundLabel) -> None:
    assert compound_label(first, second, CROWD_LABELS) == expected


@pytest.mark.parametrize("pair", [("Contempt", "Anger"), ("Anger", "none")])
def test_the_published_chain_knows_neither(pair: tuple[str, str]) -> None:
    assert compound_label(*pair).kind is CompoundKind.UNKNOWN


def test_nobody_says_that_none_is_too_weak_to_count() -> None:
    single = compound_label("Sadness", "none", CROWD_LABELS)
    said = chain_sentence(single, "Sadness", 0.7, "none", 0.9, none="none")
    assert said == "The face shows sadness (70%) alone."


def test_our_own_way_of_asking_is_offered_to_no_published_model() -> None:
    assert (CROWD.labels, CROWD.first_question) == (CROWD_LABELS, first_question(CROWD_LABELS))
    assert CROWD.name not in VARIANTS
