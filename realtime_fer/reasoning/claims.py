"""What a reasoner claims to see, one statement at a time, and whether what was measured agrees."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from realtime_fer.errors import ShapeError


class ClaimKind(str, Enum):
    """What a claim is about."""

    ACTION_UNIT = "action_unit"
    EXPRESSION = "expression"


class Grounding(str, Enum):
    """How a claim stands beside what the fast path measured."""

    AGREE = "agree"
    CONTRADICT = "contradict"
    UNKNOWN = "unknown"
    """Nothing was measured that could tell."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing a reasoner says of a face. Said, not measured: only `grounding` has to do with a measurement.

    Attributes:
        kind: what it is about.
        name: of the action ("lip corner puller") or of the expression ("happiness", in our label names).
        code: "AU12"; None for expressions, and for actions that have no number.
        side: "left" or "right"; None for both or where it was not said.
        intensity: the words used for how strong it is ("slightly"); None where there are none.
        present: False where it is denied ("no brow lowering").
        grounding: see `Grounding`; a reasoner leaves it unknown.
        evidence: the measurement behind `grounding`, for people; None where it is unknown.

    Raises:
        ShapeError: no name, or evidence without a verdict.
    """

    kind: ClaimKind
    name: str
    code: str | None = None
    side: str | None = None
    intensity: str | None = None
    present: bool = True
    grounding: Grounding = Grounding.UNKNOWN
    evidence: str | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ShapeError("claim: expected a name, found none")
        if (self.evidence is None) != (self.grounding is Grounding.UNKNOWN):
            raise ShapeError(f"claim {self.name}: expected evidence with agree or contradict, and none with unknown")
