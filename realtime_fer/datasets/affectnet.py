"""AffectNet's manually annotated faces: their lists, and the levelled cut that Emotion-GCN was trained on.

Source: Mollahosseini, Hasani and Mahoor, "AffectNet: A Database for Facial Expression, Valence, and Arousal Computing in
the Wild", IEEE Transactions on Affective Computing 10(1), 2019; cut as for Emotion-GCN (Antoniadis et al., FG 2021).
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError
from realtime_fer.types import ImageBgr

EXPRESSIONS: Final = 7
"""Rows of the higher ones of its `CATEGORIES` (contempt, none, uncertain, no face) are left out."""

CATEGORIES: Final = 11

COLUMNS: Final = (
    "subDirectory_filePath",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "facial_landmarks",
    "expression",
    "valence",
    "arousal",
)
"""Of training.csv and validation.csv, in order; some copies of validation.csv lack the header line."""

LANDMARKS: Final = 68
LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)
"""Points of the eye on the left and on the right of the picture."""


@dataclass(frozen=True, slots=True)
class AffectNetFace:
    """One annotated face.

    Attributes:
        picture: path below the folder of pictures.
        box_xywh: left, top, width, height, pixels.
        expression: 0 to 6, in the order of `labels.AFFECTNET_LABELS`.
        valence, arousal: in [-1, 1].
        left_eye, right_eye: centres as x, y, whole pixels.
    """

    picture: str
    box_xywh: tuple[int, int, int, int]
    expression: int
    valence: float
    arousal: float
    left_eye: tuple[int, int]
    right_eye: tuple[int, int]


def read_affectnet(path: Path) -> list[AffectNetFace]:
    """The faces of training.csv or validation.csv with one of the seven expressions, in the file's order.

    Raises:
        DatasetError: the file cannot be read, or a row is not of this form; the message names the row.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), 1) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            f"{path}: expected AffectNet's list of faces, found none that can be read ({error}); unpack it again"
        ) from error
    if not rows:
        raise DatasetError(f"{path}: expected AffectNet's list of faces, found an empty file; unpack it again")
    has_header = COLUMNS[0] in rows[0][1]
    names = rows[0][1] if has_header else list(COLUMNS)
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise DatasetError(f"{path}: expected columns {', '.join(COLUMNS)}; {', '.join(missing)} not found")
    faces = []
    for number, row in rows[1:] if has_header else rows:
        try:
            if len(row) != len(names):
                raise ValueError(f"expected {len(names)} cells with commas between them, found {len(row)}")
            face = _face(dict(zip(names, row, strict=True)))
        except (ValueError, OverflowError) as error:
            raise DatasetError(f"{path}: row {number}: {error}; copy the list again from the owners' archive") from error
        if face is not None:
            faces.append(face)
    return faces


def levelling(face: AffectNetFace) -> npt.NDArray[np.float64]:
    """The rotation about the middle between the eyes that brings them level; float64 (2, 3), for `cv2.warpAffine`.

    Eyes above each other give a quarter turn, as in the published code; eyes in one point, which it cannot handle, none.
    """
    (x1, y1), (x2, y2) = face.left_eye, face.right_eye
    angle = math.degrees(math.atan((y2 - y1) / (x2 - x1))) if x1 != x2 else 90.0 * (y2 > y1) - 90.0 * (y2 < y1)
    # Whole pixels: halves are rounded down, as in the published code since October 2021.
    centre = (float((x1 + x2) // 2), float((y1 + y2) // 2))
    return np.asarray(cv2.getRotationMatrix2D(centre, angle, 1.0), np.float64)


def level(image_bgr: ImageBgr, face: AffectNetFace, *, swapped_canvas: bool = True) -> npt.NDArray[np.uint8]:
    """The picture turned so that the eyes are level: uint8 RGB.

    Args:
        image_bgr: uint8 (H, W, 3).
        swapped_canvas: True gives (W, H, 3), what does not fit being cut off: the published code hands OpenCV the sides in
            the wrong order, and the published weights learned from that. False gives (H, W, 3).
    """
    height, width = image_bgr.shape[:2]
    canvas = (height, width) if swapped_canvas else (width, height)
    rgb = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
    return np.asarray(cv2.warpAffine(rgb, levelling(face), canvas, flags=cv2.INTER_CUBIC), np.uint8)


def cut_levelled(levelled_rgb: npt.NDArray[np.uint8], face: AffectNetFace) -> npt.NDArray[np.uint8]:
    """The face's box from a levelled picture; uint8 (h, w, 3), black outside the picture.

    Only the box's upper left corner is turned with the picture; its size stays. Each border is rounded to the nearest
    pixel, halves to even.
    """
    x, y, width, height = face.box_xywh
    left, top = (float(value) for value in levelling(face) @ (x, y, 1.0))
    x0, y0, x1, y1 = round(left), round(top), round(left + width), round(top + height)
    cut = np.zeros((y1 - y0, x1 - x0, 3), np.uint8)
    rows, columns = levelled_rgb.shape[:2]
    inside = levelled_rgb[max(y0, 0) : max(min(y1, rows), 0), max(x0, 0) : max(min(x1, columns), 0)]
    cut[max(-y0, 0) :, max(-x0, 0) :][: inside.shape[0], : inside.shape[1]] = inside
    return cut


def _face(row: dict[str, str]) -> AffectNetFace | None:
    (number,) = _numbers(row, "expression")
    if number not in range(CATEGORIES):
        raise ValueError(f"expected an expression of 0 to {CATEGORIES - 1}, found {row['expression']!r}")
    if number >= EXPRESSIONS:
        return None
    landmarks = _numbers(row, "facial_landmarks")
    if len(landmarks) != 2 * LANDMARKS:
        raise ValueError(f"expected {LANDMARKS} facial landmarks, found {len(landmarks) / 2:g}")
    points = np.array(landmarks).reshape(-1, 2)
    x, y, width, height = (int(_numbers(row, name)[0]) for name in COLUMNS[1:5])
    (valence,), (arousal,) = _numbers(row, "valence"), _numbers(row, "arousal")
    if max(abs(valence), abs(arousal)) > 1:
        raise ValueError(f"expected valence and arousal in [-1, 1], found {valence}, {arousal}")
    left, right = (points[eye].mean(axis=0).astype(int).tolist() for eye in (LEFT_EYE, RIGHT_EYE))
    return AffectNetFace(
        picture=row["subDirectory_filePath"],
        box_xywh=(x, y, width, height),
        expression=int(number),
        valence=valence,
        arousal=arousal,
        left_eye=(left[0], left[1]),
        right_eye=(right[0], right[1]),
    )


def _numbers(row: dict[str, str], column: str) -> list[float]:
    """Finite numbers between semicolons, one or more."""
    numbers = []
    for value in row[column].split(";"):
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"{column}: expected a number, found {value[:40]!r}")
        numbers.append(number)
    return numbers
