from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from realtime_fer.networks.expllm.action_mentions import action_mentions
from realtime_fer.networks.expllm.answer import sections_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The left brow is slightly lowered.", ("Brow Lower", "left", (5,), "slight", None, False)),
        ("Both lip corners are significantly elevated.", ("Lip Corner Pull", "both", (12, 13), "strong", None, False)),
        ("A noticeable jaw drop (0.702) signals shock.", ("Jaw Drop", None, (9,), "moderate", 0.702, False)),
        ("There is no wrinkling of the nose.", ("Nose Wrinkle", None, (24,), None, None, True)),
        ("The jaw shifts to the right.", ("Jaw Slide", "right", (11,), None, None, False)),
        ("The lips are puckered.", ("Lip Pucker", None, (22,), None, None, False)),
        ("A mild puffing of the cheeks.", ("Cheek Puff", None, (23,), "slight", None, False)),
        ("The brow lowerer is active.", ("Brow Lower", None, (5, 6), None, None, False)),
        ("The brows aren't lowered.", ("Brow Lower", None, (5, 6), None, None, True)),
        ("The nose wrinkle is not clearly present.", ("Nose Wrinkle", None, (24,), None, None, True)),
        ("The nose wrinkle is not strong.", ("Nose Wrinkle", None, (24,), "strong", None, False)),
        ("Jaw drop: 0.0", ("Jaw Drop", None, (9,), None, 0.0, True)),
        ("Lip Corner Pull (Left): 0.8", ("Lip Corner Pull", "left", (12,), None, 0.8, False)),
        ("The upper lip is raised.", ("Upper Lip Raise", None, (19,), None, None, False)),
    ],
)
def test_one_action(text: str, expected: tuple[object, ...]) -> None:
    (found,) = action_mentions(text)
    assert (found.action, found.side, found.numbers, found.level, found.au_intensity, found.denied) == expected
    assert found.clause in text


def test_several_in_a_sentence() -> None:
    found = action_mentions(
        "The mouth displays a jaw drop (0.702) and an upper lip raise (0.505), along with a lower lip depression (0.558)."
    )
    assert [(mention.names, mention.au_intensity) for mention in found] == [
        (("Jaw Drop",), 0.702),
        (("Upper Lip Raise",), 0.505),
        (("Lower Lip Depress",), 0.558),
    ]


def test_parts_named_together_share_their_movement() -> None:
    found = action_mentions("Moderately elevated eyelids and eyebrows indicate surprise.")
    assert [(mention.action, mention.intensity_word) for mention in found] == [
        ("Lid Raise", "Moderately"),
        ("Brow Raise", "Moderately"),
    ]


def test_sides_stay_with_their_part() -> None:
    left, right = action_mentions("The left brow is raised, while the right brow is strongly lowered.")
    assert (left.action, left.side, right.action, right.side) == ("Brow Raise", "left", "Brow Lower", "right")
    assert (left.level, right.level) == (None, "strong")


def test_a_denial_ends_where_the_next_part_begins() -> None:
    found = action_mentions("There is no brow lowering and the lip corners are pulled up.")
    assert [(mention.action, mention.denied) for mention in found] == [("Brow Lower", True), ("Lip Corner Pull", False)]


def test_a_denial_in_front_of_the_next_part_is_of_that_part() -> None:
    found = action_mentions("A slight brow raise and absent nose wrinkle.")
    assert [(mention.action, mention.denied) for mention in found] == [("Brow Raise", False), ("Nose Wrinkle", True)]


def test_not_only_denies_nothing() -> None:
    assert [mention.denied for mention in action_mentions("Not only are the brows raised.")] == [False]


def test_lines_are_read_one_by_one() -> None:
    assert action_mentions("Left eyebrow: raised\nRight eyebrow: no movement") == ()


@pytest.mark.parametrize("words", ["pulled down", "pulled slightly downward", "turned down"])
def test_lip_corners_that_go_down_are_not_pulled(words: str) -> None:
    assert action_mentions(f"The lip corners are {words}.") == ()


def test_a_text_about_something_else() -> None:
    assert action_mentions("") == action_mentions("A calm person in a quiet room.") == ()


@pytest.mark.shared_data
def test_published_descriptions_speak_of_what_was_measured() -> None:
    data = Path(os.environ.get("REALTIME_FER_DATA") or Path(__file__).parents[4] / "shared" / "data")
    if not (data / "expllm").is_dir():
        pytest.skip(f"{data}: no descriptions")
    active = []
    for record in json.loads((data / "expllm" / "sample_records.json").read_text(encoding="utf-8")):
        sections = sections_of(record["description"])
        for mention in action_mentions(sections.observations if sections else record["description"]):
            active += [] if mention.denied else [any(record["au"][number - 1] > 0 for number in mention.numbers)]
    assert len(active) >= 100
    assert sum(active) / len(active) > 0.95
