"""The three trainings of Exp-BLIP, which write three kinds of captions, and the captions that rules write.

Source: paper and supplement of Yuan, Zeng, Shan, BMVC 2023; their phrases in `action_phrases`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final

from realtime_fer.errors import ShapeError
from realtime_fer.networks.exp_blip.action_phrases import ACTION_PHRASES

NO_ACTION_TEXT: Final = (
    "The eyes may be open and looking straight ahead, with the mouth closed or slightly open in a relaxed position. "
    "The forehead may be relatively smooth with minimal wrinkles or creases. "
    "The eyebrows may be in a natural position, not raised or furrowed."
)
"""What AU-BLIP learned for a face without any action unit."""


class CaptionKind(str, Enum):
    """What a caption tells. The networks differ in their weights alone; none of them takes a prompt.

    Members: `ACTIONS` facial actions and no emotion (AU-BLIP); `EMOTION` emotions alone (Emot-BLIP); `EXPRESSION` actions,
    emotions, and how one follows from the other (Exp-BLIP).
    """

    ACTIONS = "actions"
    EMOTION = "emotion"
    EXPRESSION = "expression"

    @property
    def published_name(self) -> str:
        """Of the training, in the paper."""
        return {"actions": "AU-BLIP", "emotion": "Emot-BLIP", "expression": "Exp-BLIP"}[self.value]

    @property
    def tells_actions(self) -> bool:
        """Whether action units are to be looked for in such a caption."""
        return self is not CaptionKind.EMOTION

    @property
    def tells_emotions(self) -> bool:
        """Whether emotions are to be looked for in such a caption."""
        return self is not CaptionKind.ACTIONS


def rule_action_caption(action_units: Sequence[str]) -> str | None:
    """The caption that a rule writes for action units, as AU-BLIP learned it; None without any.

    Args:
        action_units: such as "AU12", each once; told in this order.

    Raises:
        ShapeError: one is none of the 27 that the authors used, or is there twice.
    """
    unknown = [unit for unit in action_units if unit not in ACTION_PHRASES]
    if unknown or len(set(action_units)) != len(action_units):
        raise ShapeError(f"action units: expected some of {', '.join(ACTION_PHRASES)}, each once, found {list(action_units)}")
    if not action_units:
        return None
    return f"It is a people who {_joined([ACTION_PHRASES[unit].third_person for unit in action_units])}."


def rule_emotion_caption(emotions: Sequence[str]) -> str:
    """The caption that a rule writes for emotions, as Emot-BLIP learned it.

    Args:
        emotions: nouns in lower case, such as "happiness".

    Raises:
        ShapeError: there is none, or one is empty.
    """
    if not emotions or not all(emotion.strip() for emotion in emotions):
        raise ShapeError(f"emotions: expected at least one word, found {list(emotions)}")
    return f"The face shows {_joined(emotions)}."


def _joined(parts: Sequence[str]) -> str:
    """With commas, and "and" before the last; no comma before it."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
