"""Where a detector fails, as pictures: the faces it misses and the places it takes for faces.

Made when somebody asks for them, from that person's own data; nothing of it is kept with the models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from realtime_fer.evaluation.contact_sheet import TILE_PX, Section, Tile, write_contact_sheet
from realtime_fer.evaluation.detection.average_precision import IOU_THRESHOLDS
from realtime_fer.evaluation.detection.matching import NEVER, Matching, overlap_matrix, short_sides
from realtime_fer.evaluation.detection.pictures import LabelledPicture, read_picture
from realtime_fer.types import FaceDetection, FloatArray

MISSES_FILE, FALSE_FACES_FILE = "misses.png", "false-faces.png"

TILES = 64
"""On a sheet; more do not show more kinds of failure."""

SURROUNDINGS = 2.5
"""Side of what is shown, as a multiple of the box's longer side."""

SMALLEST_VIEW_PX = 64
"""Side of what is shown, at least: a few pixels alone cannot be judged."""

RED, GREEN, ORANGE = (40, 40, 230), (60, 170, 40), (0, 140, 255)
"""Missed or false; labelled; found (blue, green, red)."""

TOUCHES_FACE = 0.1
"""A false box that overlaps a labelled face by so much is badly placed, not invented."""


@dataclass(frozen=True, slots=True, eq=False)
class Failure:
    """One missed face or one false one.

    Attributes:
        picture: place of the picture in the sequence that was judged.
        bbox_xyxy: float32 (4,), pixels of the picture.
        rank: larger is worse.
        why: lines for a person.
    """

    picture: int
    bbox_xyxy: FloatArray
    rank: float
    why: tuple[str, ...]


def write_detection_failures(
    out: Path,
    data: Path,
    pictures: Sequence[LabelledPicture],
    found: Sequence[Sequence[FaceDetection]],
    *,
    confidence_threshold: float,
) -> list[Path]:
    """Write `misses.png` (largest faces first) and `false-faces.png` (surest first) to a folder.

    Args:
        out: made when absent.
        data: where the pictures lie, in `images/`.
        pictures, found: as `average_precision.detect_folder` gives them.
        confidence_threshold: a face is found, and a box is false, at or above it.

    Returns:
        The files.

    Raises:
        DatasetError: a picture cannot be read again, or `out` cannot be written.
    """
    misses = missed_faces(pictures, found, confidence_threshold=confidence_threshold)
    false = false_faces(pictures, found, confidence_threshold=confidence_threshold)
    sheets = {
        MISSES_FILE: (misses, "missed faces (red), largest first; other labelled faces green, found boxes orange"),
        FALSE_FACES_FILE: (false, "boxes that find no labelled face (red), surest first; labels green, other boxes orange"),
    }
    written = []
    for name, (failures, what) in sheets.items():
        shown = failures[:TILES]
        tiles = [_tile(failure, data, pictures, found, confidence_threshold) for failure in shown]
        counted = f"{len(failures)}" if len(shown) == len(failures) else f"{len(shown)} of {len(failures)}"
        heading = f"{counted} {what}; threshold {confidence_threshold:g}"
        written.append(write_contact_sheet(out / name, [Section(heading, tiles)]))
    return written


def missed_faces(
    pictures: Sequence[LabelledPicture], found: Sequence[Sequence[FaceDetection]], *, confidence_threshold: float
) -> list[Failure]:
    """Faces that count and that no detection at or above the threshold finds, the largest first."""
    failures = []
    for index, (picture, faces) in enumerate(zip(pictures, found, strict=True)):
        matching = Matching(picture, faces)
        found_at = matching.judge(IOU_THRESHOLDS[0]).found_at
        sure = [face for face in faces if face.confidence >= confidence_threshold]
        overlaps = overlap_matrix(matching.wanted_xyxy, _boxes(sure))
        sides = short_sides(matching.wanted_xyxy)
        for face in np.flatnonzero(found_at < confidence_threshold):
            if found_at[face] > NEVER:
                why = f"found, but only at {found_at[face]:.2f}"
            elif overlaps.shape[1] and overlaps[face].max() >= TOUCHES_FACE:
                nearest = int(overlaps[face].argmax())
                why = f"box {sure[nearest].confidence:.2f}, overlap {_cut(overlaps[face, nearest])}"
            else:
                why = "no box there"
            side = float(sides[face])
            failures.append(Failure(index, matching.wanted_xyxy[face], side, (f"{side:.0f} px", why)))
    return sorted(failures, key=lambda failure: -failure.rank)


def false_faces(
    pictures: Sequence[LabelledPicture], found: Sequence[Sequence[FaceDetection]], *, confidence_threshold: float
) -> list[Failure]:
    """Detections at or above the threshold that count and find no face, the surest first."""
    failures = []
    for index, (picture, faces) in enumerate(zip(pictures, found, strict=True)):
        verdict = Matching(picture, faces).judge(IOU_THRESHOLDS[0])
        wrong = verdict.detections[~verdict.correct & (verdict.confidences >= confidence_threshold)]
        for face in (faces[place] for place in wrong):
            overlap = overlap_matrix(face.bbox_xyxy[None], picture.faces_xyxy).max(initial=0.0)
            side = float(short_sides(face.bbox_xyxy[None])[0])
            if overlap >= IOU_THRESHOLDS[0]:
                why = "second box on a face"
            elif overlap >= TOUCHES_FACE:
                why = f"on a face, overlap {_cut(overlap)}"
            else:
                why = "no labelled face there"
            failures.append(Failure(index, face.bbox_xyxy, face.confidence, (f"{face.confidence:.2f}, {side:.0f} px", why)))
    return sorted(failures, key=lambda failure: -failure.rank)


def _tile(
    failure: Failure,
    data: Path,
    pictures: Sequence[LabelledPicture],
    found: Sequence[Sequence[FaceDetection]],
    confidence_threshold: float,
) -> Tile:
    picture = pictures[failure.picture]
    image = read_picture(data / "images" / picture.name)
    x0, y0, x1, y1 = (float(value) for value in failure.bbox_xyxy)
    side = min(max(SURROUNDINGS * max(x1 - x0, y1 - y0), SMALLEST_VIEW_PX), max(image.shape[:2]))
    left, width = _window((x0 + x1) / 2, side, image.shape[1])
    top, height = _window((y0 + y1) / 2, side, image.shape[0])
    scale = TILE_PX / max(width, height)
    # Enlarged before the boxes are drawn, so that lines stay thin and the pixels under them show.
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    view = np.asarray(cv2.resize(image[top : top + height, left : left + width], size, interpolation=interpolation), np.uint8)

    def draw(boxes: FloatArray, colour: tuple[int, int, int], thickness: int) -> None:
        for box in np.rint((boxes - (left, top, left, top)) * scale).astype(int).tolist():
            cv2.rectangle(view, box[:2], box[2:], colour, thickness)

    draw(picture.faces_xyxy, GREEN, 1)
    draw(_boxes([face for face in found[failure.picture] if face.confidence >= confidence_threshold]), ORANGE, 1)
    draw(failure.bbox_xyxy[None], RED, 2)
    return Tile(view, (picture.name, *failure.why))


def _window(centre: float, side: float, limit: int) -> tuple[int, int]:
    """Beginning and length of `side` pixels about a centre, moved into 0..limit."""
    length = min(limit, round(side))
    return int(np.clip(round(centre - length / 2), 0, limit - length)), length


def _boxes(faces: Sequence[FaceDetection]) -> FloatArray:
    return np.asarray([face.bbox_xyxy for face in faces], np.float32).reshape(-1, 4)


def _cut(overlap: float) -> str:
    """Two digits, not rounded: 0.498 is below 0.5."""
    return f"{np.floor(overlap * 100) / 100:.2f}"
