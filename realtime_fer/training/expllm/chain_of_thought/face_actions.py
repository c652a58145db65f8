"""Faces with their action units, as annotated: in the order of ExpLLM's data, or under the numbers of FACS.

{"file_name": "a.png", "emo": "Happiness", "au": [24 numbers in 0..1]}
{"file_name": "b.png", "emo": "Fear", "facs": {"AU1": 3.2, "AU20": null}}     intensity 0..5, null where unknown
{"file_name": "c.png", "emo": "Anger", "facs": ["AU4D", "AU7"]}               letters A..E, none where unknown
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from realtime_fer.datasets.json_list import BadRecordError, kind_of, picture_name, read_json_list
from realtime_fer.networks.exp_blip.action_phrases import ACTION_PHRASES
from realtime_fer.networks.expllm.action_units import ACTION_UNITS
from realtime_fer.networks.expllm.prompts import LABELS

ACTIVE_ABOVE: Final = 0.0
"""Up to this share of the full strength an action does not count as there: as in the published data, all above none does."""
STRONG_FROM: Final = 0.5
SLIGHT_BELOW: Final = 0.25

FACS_FULL: Final = 5.0

_LETTERS: Final = {letter: number / FACS_FULL for number, letter in enumerate("ABCDE", 1)}
_CODE: Final = re.compile(r"(?:AU)?0*(?P<number>[1-9]\d?)(?P<letter>[A-Ea-e])?", re.IGNORECASE)

OTHER_ACTIONS: Final = {
    "AU13": "sharp lip puller",
    "AU29": "jaw thrust",
    "AU30": "jaw sideways",
    "AU31": "jaw clencher",
    "AU32": "lip bite",
    "AU33": "cheek blow",
    "AU34": "cheek puff",
    "AU35": "cheek suck",
    "AU38": "nostril dilator",
    "AU39": "nostril compressor",
    "AU45": "blink",
    "AU46": "wink",
}
"""Units that are told to the model but that no reader of texts here knows: what is said of them is not checked."""


class ActiveAction(NamedTuple):
    """An action that is there.

    Attributes:
        unit: number in `ACTION_UNITS` from 1, or "AU" and the number of FACS.
        name: in words.
        strength: share of the full one, in [0, 1]; None where only its presence is known.
    """

    unit: int | str
    name: str
    strength: float | None

    @property
    def is_strong(self) -> bool:
        """Whether a description must speak of it."""
        return self.strength is not None and self.strength >= STRONG_FROM

    @property
    def level(self) -> str:
        """How strong, in a word."""
        if self.strength is None:
            return "present"
        return "strong" if self.is_strong else "slight" if self.strength < SLIGHT_BELOW else "moderate"


@dataclass(frozen=True, slots=True)
class FaceActions:
    """One face.

    Attributes:
        file_name: of its picture.
        label: one of `prompts.LABELS`.
        active: actions that are there, in the order of their numbers.
        au_intensities: as annotated, where they are ExpLLM's 24; None for FACS.
    """

    file_name: str
    label: str
    active: tuple[ActiveAction, ...]
    au_intensities: tuple[float, ...] | None = None

    @property
    def is_facs(self) -> bool:
        """Whether units go by the numbers of FACS."""
        return self.au_intensities is None


def read_face_actions(path: Path, active_above: float = ACTIVE_ABOVE) -> list[FaceActions]:
    """Read and check a file.

    Args:
        active_above: share of the full strength up to which an action does not count as there.

    Raises:
        DatasetError: it is missing, is no JSON list, or has bad records; they are named by position.
    """
    return read_json_list(path, lambda value: _face(value, active_above))


def _face(value: Mapping[str, Any], active_above: float) -> FaceActions:
    name, label = picture_name(value, "file_name"), value.get("emo")
    if label not in LABELS:
        raise BadRecordError(f"({name}) expected 'emo' out of {', '.join(LABELS)}, found {str(label)[:40]!r}")
    if ("au" in value) == ("facs" in value):
        raise BadRecordError(f"({name}) expected either 'au' or 'facs', found {'both' if 'au' in value else 'neither'}")
    if "au" in value:
        return _of_the_24(name, str(label), value["au"], active_above)
    return FaceActions(name, str(label), _of_facs(name, value["facs"], active_above))


def _of_the_24(name: str, label: str, values: Any, active_above: float) -> FaceActions:
    if not isinstance(values, list) or len(values) != len(ACTION_UNITS):
        found = f"{len(values)} values" if isinstance(values, list) else kind_of(values)
        raise BadRecordError(f"({name}) expected {len(ACTION_UNITS)} values as 'au', found {found}")
    strengths = [_number(f"({name}) 'au' value {number}", value, 1.0) for number, value in enumerate(values, 1)]
    active = tuple(
        ActiveAction(number, ACTION_UNITS[number - 1].lower(), strength)
        for number, strength in enumerate(strengths, 1)
        if strength > active_above
    )
    return FaceActions(name, label, active, tuple(strengths))


def _of_facs(name: str, values: Any, active_above: float) -> tuple[ActiveAction, ...]:
    if isinstance(values, Mapping):
        pairs = [
            (str(code), None if value is None else _number(f"({name}) {code}", value, FACS_FULL) / FACS_FULL)
            for code, value in values.items()
        ]
    elif isinstance(values, list) and all(isinstance(code, str) for code in values):
        pairs = [(code, None) for code in values]
    else:
        raise BadRecordError(
            f"({name}) expected units with intensities, or a list of units, as 'facs', found {kind_of(values)}"
        )
    active: dict[str, ActiveAction] = {}
    for code, given in pairs:
        match = _CODE.fullmatch(code.strip())
        unit = f"AU{match['number']}" if match else ""
        phrase = ACTION_PHRASES.get(unit)
        words = phrase.name if phrase else OTHER_ACTIONS.get(unit)
        if match is None or words is None:
            raise BadRecordError(f"({name}) expected a unit of FACS such as AU12 or AU12C, found {code[:20]!r}")
        strength = _LETTERS[match["letter"].upper()] if match["letter"] and given is None else given
        if strength is None or strength > active_above:
            active[unit] = ActiveAction(unit, words, strength)
    return tuple(sorted(active.values(), key=lambda action: int(str(action.unit)[2:])))


def _number(what: str, value: Any, full: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= full:
        raise BadRecordError(f"{what}: expected a number in [0, {full:g}], found {str(value)[:20]}")
    return float(value)
