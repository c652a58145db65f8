"""Which action units a caption names.

The authors published no such rule; this is ours. First come plain numbers ("AU12") and the phrases of the supplement's
table, in which the rule-based captions are written; then parts of the face with what they do, as GPT-3.5 wrote. What a caption
denies is left out; what it only thinks possible ("may be raised") counts.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from realtime_fer.networks.exp_blip.action_phrases import ACTION_PHRASES
from realtime_fer.networks.exp_blip.action_words import ACTION_OF, MOVES, PARTS
from realtime_fer.networks.exp_blip.denied import denied_spans, inside

_PHRASES: Final = tuple(
    (unit, re.compile(rf"\b(?:{'|'.join(re.escape(words) for words in phrase)}|au ?{unit[2:]})\b"))
    for unit, phrase in ACTION_PHRASES.items()
)
_UNDECIDED: Final = re.compile(r"\b(?:open|closed) or (?:\w+ )?(?:open|closed)\b")
_CLAUSE: Final = re.compile(r"[^.,;:]+")
_LEXICON: Final = re.compile(
    "|".join(
        rf"(?P<{kind}{number}>\b(?:{pattern})\b)"
        for kind, table in (("part", PARTS), ("move", MOVES))
        for number, (_, pattern) in enumerate(table)
    )
)
_BEGINNING: Final = re.compile(r"\b(?:and|or|with|by|a|an|the)\s+(?:\w+ly\s+)*$")
"""In front of a movement that tells of the part behind it."""
_BEFORE_OF: Final = re.compile(r"\s*(?:of|at|in)\b")
_FINITE: Final = re.compile(r"(?!(?:up|down)wards$)(?:[a-z]+[^s]s|\w+(?:ss|sh|ch)es)$")
_DIRECTION: Final = re.compile(r"^(?:\s+\w+){0,2}?\s+(?P<way>down|inward|apart|up|back|outward)")


class ActionMention(NamedTuple):
    """One action unit named by a caption.

    Attributes:
        action_unit: such as "AU12".
        words: that name it, in lower case.
        start: of the words in the caption, characters.
    """

    action_unit: str
    words: str
    start: int


class _Word(NamedTuple):
    """A part or a movement found in a clause."""

    is_part: bool
    meaning: str
    start: int
    end: int


def action_mentions(caption: str) -> tuple[ActionMention, ...]:
    """Every stretch of a caption that names an action unit and is not denied, in order."""
    text = caption.lower()
    skipped = (*denied_spans(text), *(found.span() for found in _UNDECIDED.finditer(text)))
    mentions = [ActionMention(unit, found[0], found.start()) for unit, pattern in _PHRASES for found in pattern.finditer(text)]
    taken = tuple((mention.start, mention.start + len(mention.words)) for mention in mentions)
    for clause in _CLAUSE.finditer(text):
        words = _words(text, clause.start(), clause.end())
        for move in words:
            part = None if move.is_part or inside(move.start, taken) else _part_of(move, words, text, clause.end())
            if part is None:
                continue
            start, end = min(part.start, move.start), max(part.end, move.end)
            pair = (part.meaning, _way(move, text[move.end : clause.end()]))
            if not inside(move.start, skipped):
                mentions += [ActionMention(unit, text[start:end], start) for unit in ACTION_OF.get(pair, ())]
    # "pulled upwards" is one movement in two words: the longer stretch of the two stays.
    longest = {
        (mention.start, mention.action_unit): mention for mention in sorted(mentions, key=lambda found: len(found.words))
    }
    kept = [mention for mention in longest.values() if not inside(mention.start, skipped)]
    return tuple(sorted(kept, key=lambda mention: (mention.start, int(mention.action_unit[2:]))))


def named_actions(caption: str) -> tuple[str, ...]:
    """The action units a caption names, each once, in order of number."""
    units = {mention.action_unit for mention in action_mentions(caption)}
    return tuple(unit for unit in ACTION_PHRASES if unit in units)


def _words(text: str, start: int, end: int) -> list[_Word]:
    words = []
    for found in _LEXICON.finditer(text, start, end):
        group = str(found.lastgroup)
        kind, number = group[:4], int(group[4:])
        words.append(_Word(kind == "part", (PARTS if kind == "part" else MOVES)[number][0], *found.span()))
    return words


def _part_of(move: _Word, words: list[_Word], text: str, clause_end: int) -> _Word | None:
    """What moves: the part before ("the brows are raised"), or the one after ("raised brows", "raises the brow")."""
    before = [word for word in words if word.is_part and word.end <= move.start]
    after = [word for word in words if word.is_part and word.start >= move.end]
    left, right = before[-1] if before else None, after[0] if after else None
    if _FINITE.match(text[move.start : move.end]) or _BEFORE_OF.match(text, move.end, clause_end):
        return right or left
    starts_anew = _BEGINNING.search(text[: move.start]) is not None
    return right if left is None or (starts_anew and right is not None) else left


def _way(move: _Word, rest: str) -> str:
    """The movement; a pull is the direction that the next words give it."""
    if move.meaning != "pull":
        return move.meaning
    found = _DIRECTION.match(rest)
    if found is None or found["way"] in ("back", "outward"):
        return "pull"
    return {"down": "down", "up": "up", "apart": "part"}.get(found["way"], "")
