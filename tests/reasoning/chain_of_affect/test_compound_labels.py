from __future__ import annotations

from itertools import combinations, product

import pytest

from realtime_fer.reasoning.chain_of_affect.compound_labels import (
    BASIC_LABELS,
    COMPOUND_PAIRS,
    CompoundKind,
    CompoundLabel,
    compound_label,
)
from tests.reasoning.chain_of_affect.published_facts import published_facts

EMOTIONS = BASIC_LABELS[:-1]


@pytest.mark.parametrize(("name", "pair"), list(COMPOUND_PAIRS.items()))
def test_every_named_pair_in_either_order(name: str, pair: tuple[str, str]) -> None:
    assert compound_label(*pair) == compound_label(*pair[::-1]) == CompoundLabel(CompoundKind.COMPOUND, name)


def test_four_pairs_are_mixed() -> None:
    mixed = [pair for pair in combinations(EMOTIONS, 2) if compound_label(*pair).kind is CompoundKind.MIXED]
    assert mixed == [("Fear", "Disgust"), ("Fear", "Happiness"), ("Happiness", "Sadness"), ("Happiness", "Anger")]
    assert compound_label("Disgust", "Fear") == compound_label("Fear", "Disgust")
    assert compound_label("Disgust", "Fear").name == "Fear and Disgust"


@pytest.mark.parametrize("second", [*BASIC_LABELS, None])
def test_neutral_first_is_neutral_whatever_comes_second(second: str | None) -> None:
    assert compound_label("Neutral", second) == CompoundLabel(CompoundKind.NEUTRAL, "Neutral")


@pytest.mark.parametrize("label", EMOTIONS)
def test_one_emotion_is_single(label: str) -> None:
    single = CompoundLabel(CompoundKind.SINGLE, label)
    assert compound_label(label, "Neutral") == single
    assert compound_label(label, label) == single  # the prototype made a compound of this


@pytest.mark.parametrize(
    ("first", "second"), [(None, "Fear"), ("Fear", None), ("Contempt", "Fear"), ("Fear", "contempt"), (None, None)]
)
def test_what_is_no_label_is_unknown(first: str | None, second: str | None) -> None:
    assert compound_label(first, second) == CompoundLabel(CompoundKind.UNKNOWN, None)


@pytest.mark.shared_data
def test_the_published_table() -> None:
    facts = published_facts()
    assert tuple(facts["basic_labels"]) == BASIC_LABELS
    assert [(entry["label"], (entry["primary"], entry["secondary"])) for entry in facts["compound"]] == list(
        COMPOUND_PAIRS.items()
    )
    assert all(compound_label(*pair).kind is CompoundKind.MIXED for pair in facts["unnamed_pairs"])


@pytest.mark.shared_data
def test_the_prototype_says_the_same_but_for_equal_answers() -> None:
    table = published_facts()["webcam_rule"]["table"]
    for first, second in product(BASIC_LABELS, repeat=2):
        said, ours = table[first][second], compound_label(first, second)
        if ours.kind is CompoundKind.MIXED:
            assert said == f"OTHER PREDICTION: {first}, {second}"
        elif first != second or first == "Neutral":
            assert said == ours.name
        else:
            assert ours.kind is CompoundKind.SINGLE
