"""A caption of Exp-BLIP as an answer, wherever it was written; needs no torch."""

from __future__ import annotations

from typing import Final

from realtime_fer.labels import UNKNOWN
from realtime_fer.networks.exp_blip.caption_kinds import CaptionKind
from realtime_fer.reasoning.claims import ClaimKind
from realtime_fer.reasoning.exp_blip.claims import caption_claims
from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from realtime_fer.reasoning.said import said_sentence

NAME: Final = "exp-blip"
CAPTION: Final = "caption"

KINDS: Final = {"au": CaptionKind.ACTIONS, "emot": CaptionKind.EMOTION, "exp": CaptionKind.EXPRESSION}
"""The trainings AU-BLIP, Emot-BLIP and Exp-BLIP."""

MAX_CAPTION_CHARS: Final = 4000
"""Of a caption; the published ones have a few hundred."""


def caption_answer(text: str, kind: CaptionKind, version: str) -> ReasoningAnswer:
    """A caption as an answer. Where it names one emotion, that is what it comes to."""
    claims = caption_claims(text, kind)
    emotions = [claim.name for claim in claims if claim.kind is ClaimKind.EXPRESSION]
    return ReasoningAnswer(
        steps=(ChainStep(CAPTION, text[:MAX_CAPTION_CHARS] or UNKNOWN),),
        compound_label=emotions[0].capitalize() if len(emotions) == 1 else None,
        text=said_sentence(claims),
        model_name=NAME,
        model_version=version,
        claims=claims,
    )
