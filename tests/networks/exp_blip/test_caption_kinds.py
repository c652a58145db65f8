from __future__ import annotations

import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.networks.exp_blip.caption_kinds import CaptionKind, rule_action_caption, rule_emotion_caption


@pytest.mark.parametrize(
    ("units", "caption"),
    [
        (
            ["AU10", "AU14", "AU17", "AU24"],
            "It is a people who raises upper lip, tightens lip corner, raises chin and presses lips.",
        ),
        (["AU12", "AU25", "AU26"], "It is a people who pulls lip corner, separates lips and drops jaw."),
        (["AU4"], "It is a people who lowers brow."),
    ],
)
def test_action_captions_of_the_supplement(units: list[str], caption: str) -> None:
    assert rule_action_caption(units) == caption


def test_a_face_without_action_units_has_no_rule_caption() -> None:
    assert rule_action_caption([]) is None


@pytest.mark.parametrize("units", [["AU3"], ["AU4", "AU4"]])
def test_unknown_or_doubled_action_units(units: list[str]) -> None:
    with pytest.raises(ShapeError, match="AU43"):
        rule_action_caption(units)


@pytest.mark.parametrize(
    ("emotions", "caption"),
    [
        (["happiness"], "The face shows happiness."),
        (["disgust", "happiness"], "The face shows disgust and happiness."),
        (["unhappiness", "grief", "sadness"], "The face shows unhappiness, grief and sadness."),
    ],
)
def test_emotion_captions_of_the_supplement(emotions: list[str], caption: str) -> None:
    assert rule_emotion_caption(emotions) == caption


@pytest.mark.parametrize("emotions", [[], [" "]])
def test_no_emotion_is_an_error(emotions: list[str]) -> None:
    with pytest.raises(ShapeError, match="emotions"):
        rule_emotion_caption(emotions)


def test_what_each_kind_tells() -> None:
    told = {kind.published_name: (kind.tells_actions, kind.tells_emotions) for kind in CaptionKind}
    assert told == {"AU-BLIP": (True, False), "Emot-BLIP": (False, True), "Exp-BLIP": (True, True)}
