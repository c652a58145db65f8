"""Aff-Wild2 frames that have both an expression and valence and arousal.

    EXPR_Set/{Train_Set,Validation_Set}/<video>.txt   a header line, then one class a line; -1 is not annotated
    VA_Set/{Train_Set,Validation_Set}/<video>.txt     a header line, then "valence,arousal"; -5 is not annotated
    <frames>/<video>/00001.jpg                        line 1 after the header, and so on; some frames are missing

Source: Kollias and Zafeiriou, "Expression, Affect, Action Unit Recognition: Aff-Wild2, Multi-Task Learning and
ArcFace", BMVC 2019; joined as for Emotion-GCN (Antoniadis et al., FG 2021).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from realtime_fer.errors import DatasetError
from realtime_fer.labels import AFFWILD2_LABELS

Split = Literal["train", "validation"]
SPLIT_FOLDERS: Final[dict[Split, str]] = {"train": "Train_Set", "validation": "Validation_Set"}
NOT_ANNOTATED: Final = -1
REQUEST_AT: Final = "https://ibug.doc.ic.ac.uk/resources/aff-wild2/"
AGAIN: Final = f"unpack Aff-Wild2's annotations again (on request: {REQUEST_AT})"


@dataclass(frozen=True, slots=True)
class AffWild2Frame:
    """One annotated frame.

    Attributes:
        frame: picture, relative to the folder of frames: "video/00001.jpg".
        expression: class in Aff-Wild2's own order (`labels.AFFWILD2_LABELS`).
        valence, arousal: in [-1, 1].
    """

    frame: str
    expression: int
    valence: float
    arousal: float


def read_affwild2(annotations: Path, frames: Path, split: Split) -> list[AffWild2Frame]:
    """Frames of the videos whose expressions belong to `split`, by name.

    Valence and arousal are looked up in both splits of their own, so a video that validates expressions may have been
    among those that train valence and arousal.

    Raises:
        DatasetError: a folder is missing, or a line cannot be read; the message names file and line.
    """
    affect_files = {
        path.stem: path for folder in SPLIT_FOLDERS.values() for path in annotation_files(annotations / "VA_Set" / folder)
    }
    found: list[AffWild2Frame] = []
    for file in annotation_files(annotations / "EXPR_Set" / SPLIT_FOLDERS[split]):
        video = file.stem
        if video not in affect_files:
            continue
        expressions, affect = _expressions(file), _affect(affect_files[video])
        for picture in sorted((frames / video).glob("*.jpg")):
            number = int(picture.stem) if picture.stem.isdecimal() else 0
            if number in expressions and number in affect:
                found.append(AffWild2Frame(f"{video}/{picture.name}", expressions[number], *affect[number]))
    return found


def annotation_files(folder: Path) -> list[Path]:
    """The files of a folder of annotations, one for each video, by name.

    Raises:
        DatasetError: the folder is missing.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder}: expected a folder of Aff-Wild2's annotations, found none; {AGAIN}")
    return sorted(folder.glob("[!.]*.txt"))


def _lines(path: Path) -> list[tuple[int, str]]:
    """Frame number and line, without the header."""
    try:
        header, *lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines() or [""]
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{path}: expected a list of Aff-Wild2's annotations, found none that can be read ({error}); {AGAIN}"
        ) from error
    if not any(letter.isalpha() for letter in header):
        raise DatasetError(
            f"{path}: line 1: expected names of classes or of valence and arousal, found {header[:40]!r}; {AGAIN}"
        )
    # A line in excess would give every frame after it another frame's label.
    empty = next((number for number, line in enumerate(lines, 1) if not line.strip()), None)
    if empty is not None:
        raise DatasetError(f"{path}: line {empty + 1}: expected the annotation of frame {empty}, found an empty line; {AGAIN}")
    return list(enumerate(lines, 1))


def _expressions(path: Path) -> dict[int, int]:
    found = {}
    for number, line in _lines(path):
        try:
            label = int(line)
        except ValueError:
            label = NOT_ANNOTATED - 1
        if not NOT_ANNOTATED <= label < len(AFFWILD2_LABELS):
            raise DatasetError(
                f"{path}: line {number + 1}: expected a class of 0 to {len(AFFWILD2_LABELS) - 1}, or {NOT_ANNOTATED}, found "
                f"{line[:40]!r}; {AGAIN}"
            )
        if label != NOT_ANNOTATED:
            found[number] = label
    return found


def _affect(path: Path) -> dict[int, tuple[float, float]]:
    found = {}
    for number, line in _lines(path):
        try:
            valence, arousal = (float(part) for part in line.split(","))
            if math.isnan(valence + arousal):
                raise ValueError
        except ValueError:
            raise DatasetError(f"{path}: line {number + 1}: expected valence,arousal, found {line[:40]!r}; {AGAIN}") from None
        if -1 <= valence <= 1 and -1 <= arousal <= 1:
            found[number] = (valence, arousal)
    return found
