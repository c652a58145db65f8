"""A test of captions: each picture once, with all that was written about it, and what is known to be on it.

    [{"image": "0001.jpg", "caption": "It is a people who raises cheeks.", "action_units": ["AU6"], "emotion": "happiness"}]

The form of the training's caption files; `action_units` and `emotion` may be absent, and records of one picture are its
references.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime_fer.datasets.json_list import BadRecordError, kind_of, picture_name, read_json_list
from realtime_fer.errors import DatasetError
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.networks.exp_blip.action_phrases import ACTION_PHRASES


@dataclass(frozen=True, slots=True)
class CaptionCase:
    """One picture of a test.

    Attributes:
        image: its file, in a folder of pictures.
        references: captions of it, as annotated; none where only actions or the emotion are known.
        action_units: on it, such as "AU12"; None where unknown.
        emotion: one of the eight classes; None where unknown.
    """

    image: str
    references: tuple[str, ...]
    action_units: frozenset[str] | None = None
    emotion: str | None = None


def read_caption_cases(path: Path) -> list[CaptionCase]:
    """Read and check a file; pictures in the order they first appear.

    Raises:
        DatasetError: it is missing, is no JSON list, has bad records, or tells two things of one picture.
    """
    cases: dict[str, CaptionCase] = {}
    for case in read_json_list(path, _case):
        before = cases.get(case.image)
        if before is None:
            cases[case.image] = case
            continue
        for what in ("action_units", "emotion"):
            one, other = getattr(before, what), getattr(case, what)
            if one is not None and other is not None and one != other:
                raise DatasetError(f"{path}: {case.image} has two values of {what!r}, {_shown(one)} and {_shown(other)}")
        cases[case.image] = CaptionCase(
            case.image,
            (*before.references, *case.references),
            case.action_units if before.action_units is None else before.action_units,
            before.emotion or case.emotion,
        )
    return list(cases.values())


def _case(value: Mapping[str, Any]) -> CaptionCase:
    image = picture_name(value, "image")
    caption, units, emotion = (value.get(key) for key in ("caption", "action_units", "emotion"))
    if caption is not None and (not isinstance(caption, str) or not caption.strip()):
        raise BadRecordError(f"({image}) expected a text as 'caption', found {kind_of(caption)}")
    if units is not None and (not isinstance(units, list) or not all(unit in ACTION_PHRASES for unit in units)):
        known = f"{', '.join(list(ACTION_PHRASES)[:3])}, ..."
        raise BadRecordError(f"({image}) expected a list of {known} as 'action_units', found {str(units)[:60]}")
    if emotion is not None and emotion not in FERPLUS_LABELS:
        raise BadRecordError(f"({image}) expected 'emotion' out of {', '.join(FERPLUS_LABELS)}, found {str(emotion)[:40]!r}")
    if caption is None and units is None and emotion is None:
        raise BadRecordError(f"({image}) has neither 'caption', nor 'action_units', nor 'emotion'")
    return CaptionCase(image, () if caption is None else (caption,), None if units is None else frozenset(units), emotion)


def _shown(value: Any) -> str:
    return ", ".join(sorted(value)) if isinstance(value, frozenset) else str(value)
