"""What a caption of Exp-BLIP says of a face, as claims."""

from __future__ import annotations

import re
from typing import Final

from realtime_fer.networks.exp_blip.action_mentions import ActionMention, action_mentions
from realtime_fer.networks.exp_blip.action_phrases import ACTION_PHRASES
from realtime_fer.networks.exp_blip.caption_kinds import CaptionKind
from realtime_fer.networks.exp_blip.emotion_mentions import named_emotions
from realtime_fer.networks.expllm.action_words import INTENSITY
from realtime_fer.reasoning.claims import Claim, ClaimKind

_CLAUSE_ENDS: Final = re.compile(r"[.,;:]|(?<!left )(?<!right )\band\b|\b(?:while|but|with)\b")
"""Not "and" in "the left and right lip corners"."""
_SIDE: Final = re.compile(r"\b(?:left|right)\b")


def caption_claims(caption: str, kind: CaptionKind) -> tuple[Claim, ...]:
    """The emotions that a caption names, then its action units, each once; what it denies is no claim.

    Args:
        caption: as the networks write.
        kind: what such captions tell: of emotions alone no actions are looked for, of actions alone no emotions.
    """
    emotions = named_emotions(caption) if kind.tells_emotions else ()
    claims = [Claim(ClaimKind.EXPRESSION, label) for label in emotions]
    actions: dict[str, Claim] = {}
    for mention in action_mentions(caption) if kind.tells_actions else ():
        words = _around(caption.lower(), mention)
        strong, sides = INTENSITY.search(words), set(_SIDE.findall(words))
        actions.setdefault(
            mention.action_unit,
            Claim(
                ClaimKind.ACTION_UNIT,
                ACTION_PHRASES[mention.action_unit].name,
                mention.action_unit,
                sides.pop() if len(sides) == 1 else None,
                strong[0] if strong else None,
            ),
        )
    return (*claims, *actions.values())


def _around(text: str, mention: ActionMention) -> str:
    """A mention with what stands before it in its part of the sentence ("the left corner is slightly ...")."""
    ends = [found.end() for found in _CLAUSE_ENDS.finditer(text, 0, mention.start)]
    return text[max(ends, default=0) : mention.start + len(mention.words)]
