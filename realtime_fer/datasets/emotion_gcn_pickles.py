"""The lists of faces that the authors of Emotion-GCN pickle from AffectNet's and Aff-Wild2's own files.

    {"train": [face, ...], "val": [face, ...]}

The faces are objects of classes of their program, which is neither needed nor run here (`array_pickle`).
Source: PanosAntoniadis/emotion-gcn, pickle_annotations_affectnet.py, pickle_annotations_affwild2.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, TypeVar

from realtime_fer.datasets.affectnet import EXPRESSIONS, AffectNetFace
from realtime_fer.datasets.affwild2 import AffWild2Frame
from realtime_fer.datasets.array_pickle import Record, load_array_pickle
from realtime_fer.errors import DatasetError
from realtime_fer.labels import AFFWILD2_LABELS

PickledPart = Literal["train", "val"]

AFFECTNET_CLASS: Final = ("dataloading", "AffectNet_annotation")
AFFWILD2_CLASS: Final = ("dataloading", "Affwild2_annotation")

_Face = TypeVar("_Face")


def read_affectnet_pickle(path: Path, part: PickledPart) -> list[AffectNetFace]:
    """What `affectnet.read_affectnet` reads from the list itself.

    Raises:
        DatasetError: it is no such pickle, or names anything but arrays and its own class; nothing in it was run.
    """
    return _faces(path, part, AFFECTNET_CLASS, _affectnet_face)


def read_affwild2_pickle(path: Path, part: PickledPart) -> list[AffWild2Frame]:
    """What `affwild2.read_affwild2` reads from the annotations, in the pickle's order, which is arbitrary.

    The pickle names each frame with the folder it had where the pickle was made; only video and file name are kept.

    Raises:
        DatasetError: see `read_affectnet_pickle`.
    """
    return _faces(path, part, AFFWILD2_CLASS, _affwild2_frame)


def _faces(path: Path, part: PickledPart, known: tuple[str, str], convert: Callable[[dict[str, Any]], _Face]) -> list[_Face]:
    content = load_array_pickle(path, "Emotion-GCN's list of faces", frozenset({known}))
    if not isinstance(content, dict) or not isinstance(content.get(part), list):
        found = f"keys {sorted(map(str, content))[:5]}" if isinstance(content, dict) else type(content).__name__
        raise DatasetError(
            f"{path}: expected a dict with lists train and val, found {found}; is it Emotion-GCN's list of faces?"
        )
    faces = []
    for number, record in enumerate(content[part]):
        try:
            if not isinstance(record, Record):
                raise TypeError(f"expected a {known[1]}, found {type(record).__name__}")
            faces.append(convert(record.fields))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            reason = f"lacks {error}" if isinstance(error, KeyError) else error
            raise DatasetError(f"{path}: face {number} of {part}: {reason}; pickle the annotations again") from error
    return faces


def _affectnet_face(fields: dict[str, Any]) -> AffectNetFace:
    expression = _label(fields["expression"], EXPRESSIONS)
    left, right = (_point(fields[name]) for name in ("left_eye", "right_eye"))
    x, y, width, height = (int(fields[f"face_{name}"]) for name in ("x", "y", "width", "height"))
    return AffectNetFace(
        _text(fields["image_path"]),
        (x, y, width, height),
        expression,
        float(fields["valence"]),
        float(fields["arousal"]),
        left,
        right,
    )


def _affwild2_frame(fields: dict[str, Any]) -> AffWild2Frame:
    parts = PurePosixPath(_text(fields["frame_path"]).replace("\\", "/")).parts
    if len(parts) < 2:
        raise ValueError(f"expected a frame such as folder/video/00001.jpg, found {parts}")
    expression = _label(fields["expression"], len(AFFWILD2_LABELS))
    return AffWild2Frame("/".join(parts[-2:]), expression, float(fields["valence"]), float(fields["arousal"]))


def _label(value: Any, classes: int) -> int:
    if int(value) != value or not 0 <= value < classes:
        raise ValueError(f"expected an expression of 0 to {classes - 1}, found {value!r}")
    return int(value)


def _point(value: Any) -> tuple[int, int]:
    x, y = (int(coordinate) for coordinate in value)
    return x, y


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a path, found {type(value).__name__}")
    return value
