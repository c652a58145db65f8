"""Which facial actions a text speaks of."""

from __future__ import annotations

from typing import NamedTuple

from realtime_fer.networks.expllm.action_units import ACTION_UNITS, numbers_of
from realtime_fer.networks.expllm.action_words import (
    CLAUSE_ENDS,
    DENIAL,
    DENIAL_ENDS,
    DENIED_BEHIND,
    FIGURE,
    INTENSITY,
    INTENSITY_WORDS,
    JOINED,
    MOVEMENTS,
    NOUNS,
    REACH,
    SIDE,
)


class ActionMention(NamedTuple):
    """One action a text speaks of.

    Attributes:
        action: its name without side ("Lip Corner Pull").
        side: "left", "right", "both", or None where the text does not say or the action has no sides.
        numbers: of the units meant, from 1; both sides where the text does not say.
        intensity_word: as written, or None.
        level: "slight", "moderate", "strong", or None.
        au_intensity: the figure quoted beside it, in [0, 1], or None.
        denied: the text says that it is not there, or quotes 0 for it.
        clause: the words it was read from.
    """

    action: str
    side: str | None
    numbers: tuple[int, ...]
    intensity_word: str | None
    level: str | None
    au_intensity: float | None
    denied: bool
    clause: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the units meant."""
        return tuple(ACTION_UNITS[number - 1] for number in self.numbers)


class _Noun(NamedTuple):
    part: str
    start: int
    end: int


def action_mentions(text: str) -> tuple[ActionMention, ...]:
    """Actions in the order of the text, each clause read on its own.

    A keyword reading: a part of the face and a movement of it in one clause, nothing else of the face between them. It cannot
    know what a sentence means beyond that.

    Args:
        text: the observations of a description.
    """
    mentions = []
    for clause in CLAUSE_ENDS.split(text):
        if clause and clause.strip():
            mentions += _in_clause(clause.strip())
    return tuple(mentions)


def _in_clause(clause: str) -> list[ActionMention]:
    nouns = [_Noun(str(match.lastgroup), match.start(), match.end()) for match in NOUNS.finditer(clause)]
    found: dict[str, tuple[int, ActionMention]] = {}
    for group in _groups(nouns, clause):
        for noun in group:
            for action, movement in MOVEMENTS[noun.part].items():
                spans = [match.span() for match in movement.finditer(clause) if _near(match.span(), group, nouns)]
                if not spans:
                    continue
                at = min(spans, key=lambda span: _distance(span, noun))
                # "Brow raise" first named twice in a clause is one action.
                found.setdefault(action, (min(at[0], noun.start), _mention(action, at, noun, nouns, clause)))
    return [mention for _, mention in sorted(found.values(), key=lambda entry: entry[0])]


def _groups(nouns: list[_Noun], clause: str) -> list[list[_Noun]]:
    """Parts named together ("eyelids and eyebrows") share their movement."""
    groups: list[list[_Noun]] = []
    for noun in nouns:
        if groups and JOINED.fullmatch(clause[groups[-1][-1].end : noun.start]):
            groups[-1].append(noun)
        else:
            groups.append([noun])
    return groups


def _distance(span: tuple[int, int], noun: _Noun) -> int:
    return max(noun.start - span[1], span[0] - noun.end, 0)


def _near(span: tuple[int, int], group: list[_Noun], nouns: list[_Noun]) -> bool:
    low, high = min(span[0], group[0].start), max(span[1], group[-1].end)
    others = [noun for noun in nouns if noun not in group and low <= noun.start and noun.end <= high]
    return not others and min(_distance(span, noun) for noun in group) <= REACH


def _mention(action: str, movement: tuple[int, int], noun: _Noun, nouns: list[_Noun], clause: str) -> ActionMention:
    start, end = min(movement[0], noun.start), max(movement[1], noun.end)
    later = [other.start for other in nouns if other.start >= end]
    stretch = clause[: min(later)] if later else clause
    sides = {match[0].lower() for match in SIDE.finditer(stretch, 0 if noun is nouns[0] else _before(noun, nouns))}
    if action == "Jaw Slide":
        sides = {side.removesuffix("ward") for side in sides}
    side = None
    if numbers_of(action, "left") != numbers_of(action, "right"):
        side = "both" if "both" in sides or {"left", "right"} <= sides else next(iter(sides & {"left", "right"}), None)
    words = list(INTENSITY.finditer(stretch))
    word = min(words, key=lambda match: max(start - match.end(), match.start() - end, 0))[0] if words else None
    figure = FIGURE.search(clause, end)
    quoted = figure is not None and not any(end <= other.start < figure.start() for other in nouns)
    au_intensity = float(figure[0]) if figure is not None and quoted else None
    reach = max((match.end() for match in DENIAL_ENDS.finditer(clause, 0, start)), default=0)
    denied = DENIAL.search(clause, reach, end) or DENIED_BEHIND.search(stretch, end) or au_intensity == 0.0
    return ActionMention(
        action,
        side,
        numbers_of(action, side),
        word,
        INTENSITY_WORDS[word.lower()] if word else None,
        au_intensity,
        bool(denied),
        clause,
    )


def _before(noun: _Noun, nouns: list[_Noun]) -> int:
    """End of the part named before."""
    return max((other.end for other in nouns if other.end <= noun.start), default=0)
