from __future__ import annotations

import json

import pytest

from realtime_fer.networks.exp_blip.action_phrases import ACTION_PHRASES
from tests.networks.exp_blip.shared_data import exp_blip_data


def test_third_persons() -> None:
    assert {ACTION_PHRASES[unit].third_person for unit in ("AU15", "AU19", "AU20", "AU24")} == {
        "depresses lip corner",
        "sticks tongue out",
        "stretches lips",
        "presses lips",
    }


def test_in_order_of_number() -> None:
    numbers = [int(unit[2:]) for unit in ACTION_PHRASES]
    assert numbers == sorted(numbers)
    assert len(numbers) == 27


@pytest.mark.shared_data
def test_the_table_of_the_supplement() -> None:
    table = json.loads((exp_blip_data() / "au_phrases.json").read_text(encoding="utf-8"))["aus"]
    ours = [
        {"au": unit, "noun": name, "verb": verb, "third_person": third} for unit, (name, verb, third) in ACTION_PHRASES.items()
    ]
    assert ours == table
