from __future__ import annotations

import re

from realtime_fer.networks.exp_blip.action_phrases import ACTION_PHRASES
from realtime_fer.networks.exp_blip.action_words import ACTION_OF, MOVES, PARTS


def test_every_pair_is_of_known_words_and_units() -> None:
    assert {part for part, _ in ACTION_OF} <= {name for name, _ in PARTS}
    assert {move for _, move in ACTION_OF} <= {name for name, _ in MOVES}
    assert {unit for units in ACTION_OF.values() for unit in units} <= ACTION_PHRASES.keys()


def test_patterns_have_no_groups_of_their_own() -> None:
    """Words are told apart by the number of their group."""
    assert all(re.compile(pattern).groups == 0 for _, pattern in (*PARTS, *MOVES))
