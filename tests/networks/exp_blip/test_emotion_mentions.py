from __future__ import annotations

import pytest

from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.networks.exp_blip.caption_kinds import NO_ACTION_TEXT, rule_emotion_caption
from realtime_fer.networks.exp_blip.emotion_mentions import EMOTION_WORDS, emotion_mentions, named_emotions


def test_the_classes_are_the_projects_own_and_no_word_is_in_two() -> None:
    assert tuple(EMOTION_WORDS) == FERPLUS_LABELS
    words = [word for words in EMOTION_WORDS.values() for word in words]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("label", FERPLUS_LABELS)
def test_the_rule_caption_of_each_class(label: str) -> None:
    assert named_emotions(rule_emotion_caption([label])) == (label,)


def test_words_in_order_with_their_places() -> None:
    caption = "Raised brows indicate amazement, and the smile suggests Joy."
    assert [(found.label, found.word) for found in emotion_mentions(caption)] == [
        ("surprise", "amazement"),
        ("happiness", "smile"),
        ("happiness", "joy"),
    ]
    assert all(caption.lower()[found.start :].startswith(found.word) for found in emotion_mentions(caption))
    assert named_emotions(caption) == ("surprise", "happiness")


@pytest.mark.parametrize("caption", [NO_ACTION_TEXT, "", "No sadness is seen.", "An unhappily parted joyride."])
def test_captions_without_emotion(caption: str) -> None:
    assert named_emotions(caption) == ()


def test_what_follows_a_denial() -> None:
    assert named_emotions("The face shows no anger, but fear.") == ("fear",)
    assert named_emotions("unhappiness") == ("sadness",)
