from __future__ import annotations

from realtime_fer.networks.expllm.action_units import ACTION_UNITS, numbers_of


def test_numbers_are_places_from_one() -> None:
    assert (len(ACTION_UNITS), ACTION_UNITS[12 - 1]) == (24, "Left Lip Corner Pull")
    assert numbers_of("Lip Corner Pull", "right") == (13,)
    assert numbers_of("Lip Corner Pull", "both") == numbers_of("Lip Corner Pull", None) == (12, 13)
    assert numbers_of("Jaw Slide", "left") == (10,)
    assert numbers_of("Jaw Drop", "left") == (9,)
    assert numbers_of("Lip Suck", None) == (16, 17)
    assert numbers_of("Ear Wiggle", None) == ()
