from __future__ import annotations

from realtime_fer.networks.expllm.action_units import numbers_of
from realtime_fer.networks.expllm.action_words import INTENSITY, INTENSITY_WORDS, MOVEMENTS, NOUNS


def test_every_part_has_movements_and_every_movement_a_unit() -> None:
    assert MOVEMENTS.keys() == NOUNS.groupindex.keys()
    assert all(numbers_of(action, None) for actions in MOVEMENTS.values() for action in actions)
    units = {number for actions in MOVEMENTS.values() for action in actions for number in numbers_of(action, None)}
    assert units == set(range(1, 25))


def test_words_of_intensity_are_found_whole() -> None:
    assert all(INTENSITY.fullmatch(word) for word in INTENSITY_WORDS)
    assert set(INTENSITY_WORDS.values()) == {"slight", "moderate", "strong"}
    assert INTENSITY.search("unmarkedly") is None
