from __future__ import annotations

import json

import pytest

from realtime_fer.networks.exp_blip.action_mentions import action_mentions, named_actions
from realtime_fer.networks.exp_blip.action_phrases import ACTION_PHRASES
from realtime_fer.networks.exp_blip.caption_kinds import NO_ACTION_TEXT, rule_action_caption
from tests.networks.exp_blip.shared_data import exp_blip_data


@pytest.mark.parametrize("unit", ACTION_PHRASES)
def test_the_rule_caption_of_each_unit_names_it_alone(unit: str) -> None:
    assert named_actions(rule_action_caption([unit]) or "") == (unit,)


def test_the_rule_caption_of_all_units() -> None:
    assert named_actions(rule_action_caption(list(ACTION_PHRASES)) or "") == tuple(ACTION_PHRASES)
    assert named_actions(rule_action_caption(list(ACTION_PHRASES)[::-1]) or "") == tuple(ACTION_PHRASES)


@pytest.mark.parametrize(
    ("caption", "units"),
    [
        # Both captions of the prompts that GPT-3.5 was given, with the units they were written for.
        (
            "The face shows an upward movement of the upper lip, dimpling at the corners of the mouth, a slight upward pull of "
            "the chin, and a pressing together of the lips.",
            ("AU10", "AU14", "AU17", "AU24"),
        ),
        ("outer eyebrows raised, forehead wrinkles, a wrinkled nose, a stretched lip", ("AU2", "AU9", "AU20")),
        ("either parted lips or a dropped jaw", ("AU25", "AU26")),
        ("slightly raised and furrowed eyebrows", ("AU1", "AU2", "AU4")),
        ("the lip corners are pulled upwards and the brows are lowered", ("AU4", "AU12")),
        ("cheeks raised and brows lowered", ("AU4", "AU6")),
        ("lowered brow and raised cheeks", ("AU4", "AU6")),
        ("the brow is lowered and raises the upper lip", ("AU4", "AU10")),
        ("the corners of the mouth are pulled back", ("AU12",)),
        ("the corners of the mouth pulled slightly downwards", ("AU15",)),
        ("the corners of the mouth pulled inward", ()),
        ("the lips are pulled apart", ("AU25",)),
        ("the eyes are narrowed. The jaw is open", ("AU7",)),
        ("The eyes are wide", ()),
        ("The brows are not raised, the lips without parting", ()),
        ("mouth closed or slightly open", ()),
        ("an open mouth", ("AU25",)),
        ("au12, AU 4 and no au1", ("AU4", "AU12")),
        ("the eyes are wide open", ("AU5",)),
        ("the mouth is wide open", ("AU25",)),
        ("widely open lips", ("AU25",)),
        ("frowning brows", ("AU4",)),
        ("the person doesn't raise the brows and the lips are parted", ("AU25",)),
        (NO_ACTION_TEXT, ()),
        ("", ()),
    ],
)
def test_free_words(caption: str, units: tuple[str, ...]) -> None:
    assert named_actions(caption) == units


def test_words_and_places() -> None:
    caption = "It RAISES CHEEK; the lip corners are pulled upwards."
    mentions = action_mentions(caption)
    assert [(found.action_unit, found.words) for found in mentions] == [
        ("AU6", "raises cheek"),
        ("AU12", "lip corners are pulled upwards"),
    ]
    assert all(caption.lower()[found.start :].startswith(found.words) for found in mentions)


@pytest.mark.shared_data
def test_published_captions_that_rules_wrote_or_learned_from() -> None:
    """Mix-BLIP and Cat-BLIP write rule captions: every phrase in them is found, and nothing else."""
    samples = json.loads((exp_blip_data() / "sample_captions.json").read_text(encoding="utf-8"))
    ruled = [sample["caption"] for sample in samples if sample["caption"].startswith("It is a people who ")]
    assert ruled
    for caption in ruled:
        told = {unit for unit, phrase in ACTION_PHRASES.items() if phrase.third_person in caption}
        assert set(named_actions(caption)) == told
