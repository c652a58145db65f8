"""Whether a description says what the labels say: by keyword readings of texts, so that it errs now and then on both sides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from realtime_fer.networks.exp_blip.action_mentions import action_mentions as facs_mentions
from realtime_fer.networks.exp_blip.action_phrases import ACTION_PHRASES
from realtime_fer.networks.expllm.action_mentions import ActionMention, action_mentions
from realtime_fer.networks.expllm.action_units import ACTION_UNITS
from realtime_fer.networks.expllm.answer import sections_of
from realtime_fer.training.expllm.chain_of_thought.face_actions import FaceActions

WORDS: Final = (60, 200)
"""Of a description; the published ones have 84 to 146."""

SHOWN: Final = 3

GOES_WITH: Final = {
    "AU25": ("AU26", "AU27"),
    "AU26": ("AU25", "AU27"),
    "AU27": ("AU25", "AU26"),
    "AU43": ("AU7", "AU45", "AU46"),
    "AU7": ("AU6", "AU43"),
}
"""Units of FACS that the same words may mean: an open mouth, narrow eyes."""


def problems_of(description: str, face: FaceActions) -> list[str]:
    """What is wrong with a description, each as a sentence; empty where nothing is.

    An action that is claimed anywhere must be there; each strong one must be among the observations and not denied there; the
    conclusion must have the label's word; the text must have its three parts and about the right length.
    """
    sections = sections_of(description)
    if sections is None:
        return ["it has not the three headed parts in their order"]
    problems = []
    words = len(description.split())
    if not WORDS[0] <= words <= WORDS[1]:
        problems.append(f"it has {words} words, expected {WORDS[0]} to {WORDS[1]}")
    if not re.search(rf"\b{re.escape(face.label)}\b", sections.conclusion, re.IGNORECASE):
        problems.append(f"its conclusion does not say {face.label}")
    check = _facs_problems if face.is_facs else _problems_of_the_24
    return problems + check(description, sections.observations, face)


def _problems_of_the_24(description: str, observations: str, face: FaceActions) -> list[str]:
    active = {action.unit for action in face.active}
    strong = {action.unit for action in face.active if action.is_strong}
    claimed = [mention for mention in action_mentions(description) if not mention.denied]
    absent = [_said(mention) for mention in claimed if not _is_there(mention, active)]
    observed = action_mentions(observations)
    spoken_of = {number for mention in observed if not mention.denied for number in mention.numbers}
    denied = {number for mention in observed if mention.denied for number in mention.numbers} - spoken_of
    problems = _listed("it speaks of {}, not there", absent)
    problems += _listed("it denies {}, strong there", (_unit(number) for number in sorted(strong & denied, key=int)))
    return problems + _listed(
        "its observations leave out {}, strong there",
        (_unit(number) for number in sorted(strong - spoken_of - denied, key=int)),
    )


def _is_there(mention: ActionMention, active: set[int | str]) -> bool:
    """One side is enough where the text names none; both must be there where it says so."""
    there = [number in active for number in mention.numbers]
    return all(there) if mention.side == "both" else any(there)


def _said(mention: ActionMention) -> str:
    return f"{mention.side} {mention.action.lower()}" if mention.side else mention.action.lower()


def _unit(number: int | str) -> str:
    return ACTION_UNITS[int(number) - 1].lower()


def _facs_problems(description: str, observations: str, face: FaceActions) -> list[str]:
    active = {str(action.unit) for action in face.active}
    allowed = active | {other for unit, others in GOES_WITH.items() for other in (unit,) if active & set(others)}
    absent = []
    # Words such as "raised brows" are said of several units at once, of which one must be there.
    for _, together in groupby(facs_mentions(description), key=lambda mention: (mention.start, mention.words)):
        mentions = list(together)
        if not any(mention.action_unit in allowed for mention in mentions):
            absent.append(mentions[0].words)
    spoken_of = {mention.action_unit for mention in facs_mentions(observations)}
    spoken_of |= {unit for unit, others in GOES_WITH.items() if spoken_of & set(others)}
    missing = [
        action.name
        for action in face.active
        if action.is_strong and action.unit in ACTION_PHRASES and action.unit not in spoken_of
    ]
    return _listed('it says "{}", not there', absent) + _listed("its observations leave out {}, strong there", missing)


def _listed(sentence: str, names: Iterable[str]) -> list[str]:
    """One sentence for all names, the first few of them named."""
    found = list(dict.fromkeys(names))
    if not found:
        return []
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return [sentence.format(", ".join(found[:SHOWN]) + more)]
