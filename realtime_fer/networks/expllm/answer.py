"""What ExpLLM wrote, read: the label word, and the three parts of a description."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from realtime_fer.networks.expllm.prompts import LABELS


class Sections(NamedTuple):
    """The parts of a chain of thought.

    Attributes:
        observations: which parts of the face do what ("Key Observations").
        rationale: what they mean together ("Overall Emotional Interpretation").
        conclusion: the expression they come to.
    """

    observations: str
    rationale: str
    conclusion: str


def label_of(answer: str) -> str | None:
    """The label an answer is, or None.

    As in the published evaluation, the whole answer must be the word, in its spelling: "fear" and "Neutral." are none.
    """
    word = answer.strip()
    return word if word in LABELS else None


def sections_of(description: str) -> Sections | None:
    """Split a description at its headings, or None where one is missing or they are in another order.

    Headings stand at the beginning of a line. "#" and "**" around them, the colon and the word "Overall" may be there or not,
    but a heading without all marks must have its line to itself.
    """
    found = [(match["name"].lower(), match.start(), match.end()) for match in _HEADING.finditer(description)]
    if [next((part for part, word in _PARTS.items() if word in name), "") for name, _, _ in found] != list(_PARTS):
        return None
    ends = [start for _, start, _ in found[1:]] + [len(description)]
    observations, rationale, conclusion = (
        description[after:end].strip() for (_, _, after), end in zip(found, ends, strict=True)
    )
    return Sections(observations, rationale, conclusion)


_PARTS: Final = {"observations": "observation", "rationale": "interpretation", "conclusion": "conclusion"}
_NAMES: Final = r"(?P<name>Key Observations?|(?:Overall )?Emotional Interpretation|Overall Interpretation|Conclusion)"
_MARK: Final = r"(?P<mark>#{1,6}[ \t]*(?:\*\*)?|\*\*)"
_AFTER_MARK: Final = r":?[ \t]*(?:\*\*)?[ \t]*:?"
_HEADING: Final = re.compile(
    rf"^[ \t]*(?:{_MARK}[ \t]*)?{_NAMES}[ \t]*(?(mark){_AFTER_MARK}|(?::|[ \t]*$))",
    re.IGNORECASE | re.MULTILINE,
)
