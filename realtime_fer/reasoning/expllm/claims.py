"""What ExpLLM says of a face, as claims: its own 24 actions under the numbers of FACS."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from realtime_fer.networks.expllm.action_mentions import ActionMention
from realtime_fer.reasoning.claims import Claim, ClaimKind

FACS: Final = {
    "Eye Close": (("AU43", "eyes closed"),),
    "Lid Raise": (("AU5", "upper lid raiser"),),
    "Brow Lower": (("AU4", "brow lowerer"),),
    "Brow Raise": (("AU1", "inner brow raiser"), ("AU2", "outer brow raiser")),
    "Jaw Drop": (("AU26", "jaw drop"),),
    "Jaw Slide": (("AU30", "jaw sideways"),),
    "Lip Corner Pull": (("AU12", "lip corner puller"),),
    "Lip Corner Stretch": (("AU20", "lip stretcher"),),
    "Upper Lip Suck": (("AU28", "upper lip suck"),),
    "Lower Lip Suck": (("AU28", "lower lip suck"),),
    "Lip Suck": (("AU28", "lip suck"),),
    "Jaw Thrust": (("AU29", "jaw thrust"),),
    "Upper Lip Raise": (("AU10", "upper lip raiser"),),
    "Lower Lip Depress": (("AU16", "lower lip depressor"),),
    "Chin Raise": (("AU17", "chin raiser"),),
    "Lip Pucker": (("AU18", "lip pucker"),),
    "Cheek Puff": (("AU34", "cheek puff"),),
    "Nose Wrinkle": (("AU9", "nose wrinkler"),),
}
"""Numbers and names for each action; the data knows one raised brow where FACS has an inner and an outer one, so it is both.

Source: Ekman, Friesen, Hager, Facial Action Coding System, 2002, for the numbers; the pairing is ours, by what moves.
"""

_BROW_PART: Final = re.compile(r"\b(inner|outer) (?:eye)?brows?\b", re.IGNORECASE)


def action_claims(mentions: Iterable[ActionMention]) -> tuple[Claim, ...]:
    """One claim for each action, side and way (present or denied), in the order of the text.

    Where the same is said twice, the first words for how strong it is count.
    """
    found: dict[tuple[str, str | None, bool], Claim] = {}
    for mention in mentions:
        side = mention.side if mention.side in ("left", "right") else None
        for code, name in _facs(mention):
            claim = Claim(ClaimKind.ACTION_UNIT, name, code, side, _intensity(mention), present=not mention.denied)
            earlier = found.get((name, side, claim.present))
            if earlier is None or (earlier.intensity is None and claim.intensity is not None):
                found[name, side, claim.present] = claim
    return tuple(found.values())


def _facs(mention: ActionMention) -> tuple[tuple[str, str], ...]:
    """Numbers and names; where only one part of the brow is named, its own alone."""
    parts = {word.lower() for word in _BROW_PART.findall(mention.clause)} if mention.action == "Brow Raise" else set()
    pairs = FACS[mention.action]
    return tuple(pair for pair in pairs if pair[1].split()[0] in parts) if len(parts) == 1 else pairs


def expression_claim(label: str | None) -> tuple[Claim, ...]:
    """The label as a claim, in our label names; nothing where the answer was none of the labels."""
    return () if label is None else (Claim(ClaimKind.EXPRESSION, label.lower()),)


def _intensity(mention: ActionMention) -> str | None:
    """Its words for how strong, or the figure quoted beside it."""
    if mention.intensity_word is not None:
        return mention.intensity_word.lower()
    return None if mention.au_intensity is None else f"{mention.au_intensity:g}"
