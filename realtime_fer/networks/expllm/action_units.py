"""The 24 facial actions of ExpLLM's data.

The numbers are those of FEAFA's "redefined" action units, not of FACS: 12 is the left lip corner alone.
Source of the order: Yan et al., "FEAFA: A Well-Annotated Dataset for Facial Expression Analysis and 3D Facial Animation", 2019.
"""

from __future__ import annotations

from typing import Final

ACTION_UNITS: Final = (
    "Left Eye Close",
    "Right Eye Close",
    "Left Lid Raise",
    "Right Lid Raise",
    "Left Brow Lower",
    "Right Brow Lower",
    "Left Brow Raise",
    "Right Brow Raise",
    "Jaw Drop",
    "Jaw Slide Left",
    "Jaw Slide Right",
    "Left Lip Corner Pull",
    "Right Lip Corner Pull",
    "Left Lip Corner Stretch",
    "Right Lip Corner Stretch",
    "Upper Lip Suck",
    "Lower Lip Suck",
    "Jaw Thrust",
    "Upper Lip Raise",
    "Lower Lip Depress",
    "Chin Raise",
    "Lip Pucker",
    "Cheek Puff",
    "Nose Wrinkle",
)
"""Names in the order of the data's 24 intensities; a unit's number is its place counted from 1."""


def numbers_of(action: str, side: str | None) -> tuple[int, ...]:
    """Numbers of the units with this action; of both sides where `side` is "both" or None."""
    sides = [side] if side in ("left", "right") else ["left", "right"]
    if action == "Lip Suck":  # said of "the lips": of both
        return (16, 17)
    wanted = {action, *(f"{which.title()} {action}" for which in sides), *(f"{action} {which.title()}" for which in sides)}
    return tuple(number for number, name in enumerate(ACTION_UNITS, 1) if name in wanted)
