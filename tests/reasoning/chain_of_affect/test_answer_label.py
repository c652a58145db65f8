from __future__ import annotations

import pytest

from realtime_fer.reasoning.chain_of_affect.answer_label import Matching, answer_label
from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS

NONE_OF_THEM = ["", "Contempt", "I cannot tell.", "Happinesses"]


@pytest.mark.parametrize("label", BASIC_LABELS)
@pytest.mark.parametrize("matching", list(Matching))
def test_a_label_with_white_space_is_read_by_all(label: str, matching: Matching) -> None:
    assert answer_label(f" {label} \n", matching) == label


@pytest.mark.parametrize(
    ("text", "exact", "ignore_case", "lenient"),
    [
        ("happiness", None, "Happiness", "Happiness"),
        ("Happiness.", None, None, "Happiness"),
        ("'Happiness'", None, None, "Happiness"),
        ("**ANGER**!", None, None, "Anger"),
        ("The face shows fear.", None, None, "Fear"),
        ("Sadness, or Fear", None, None, None),
        ("Fear. Fear!", None, None, "Fear"),
        *((text, None, None, None) for text in NONE_OF_THEM),
    ],
)
def test_how_strict(text: str, exact: str | None, ignore_case: str | None, lenient: str | None) -> None:
    assert answer_label(text, Matching.EXACT) == exact
    assert answer_label(text, Matching.IGNORE_CASE) == ignore_case
    assert answer_label(text, Matching.LENIENT) == lenient


def test_published_strictness_is_the_default_and_labels_can_be_others() -> None:
    assert answer_label("happiness") is None
    assert answer_label("AU12", labels=("AU12", "AU6")) == "AU12"
    assert answer_label("Fear", labels=("AU12",)) is None
