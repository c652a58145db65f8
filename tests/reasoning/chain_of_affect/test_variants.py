from __future__ import annotations

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION, FIRST_QUESTION_COMPOUND_TEST
from realtime_fer.reasoning.chain_of_affect.variants import VARIANTS, ChainVariant, chain_variant


@pytest.mark.parametrize(
    "expected",
    [
        ChainVariant("training", FIRST_QUESTION, 16, 1),
        ChainVariant("notebook-basic", FIRST_QUESTION, 4, 0),
        ChainVariant("notebook-compound", FIRST_QUESTION_COMPOUND_TEST, 4, 0),
    ],
)
def test_the_published_variants(expected: ChainVariant) -> None:
    assert chain_variant(expected.name) == expected
    assert len(VARIANTS) == 3


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="notebook-compound, notebook-basic, training, found 'webcam'"):
        chain_variant("webcam")
