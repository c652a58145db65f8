"""Labelled pictures in YOLO layout: `images/`, `labels/` and perhaps `ignore/`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from realtime_fer.errors import DatasetError
from realtime_fer.types import FloatArray, ImageBgr

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")

SLACK = 0.01
"""A share of the picture's sides may be so much above 1, as some tools round; a box in pixels is above that."""


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """What is to be found on one picture. Boxes: float32 xyxy in its pixels, shape (N, 4).

    Attributes:
        name: of the file; what stands before its first underscore says which source it comes from.
        faces_xyxy: the faces to find.
        ignored_xyxy: regions that are neither faces to find nor false alarms.
    """

    name: str
    faces_xyxy: FloatArray
    ignored_xyxy: FloatArray

    @property
    def source(self) -> str:
        """What stands before the first underscore of the name."""
        return self.name.split("_")[0]

    @property
    def without_faces(self) -> bool:
        """True where nothing is labelled; a picture whose only faces are ignored is not one without faces."""
        return not len(self.faces_xyxy) and not len(self.ignored_xyxy)


def read_pictures(folder: Path) -> Iterator[tuple[LabelledPicture, ImageBgr]]:
    """Every picture of a folder in YOLO layout by name, one after the other, with what is to be found on it.

    Label lines are `class cx cy w h`, normalised; no label file, or an empty one, means no face.

    Raises:
        DatasetError: the layout is not there, a picture cannot be read, or a label line is wrong.
    """
    for needed in ("images", "labels"):
        if not (folder / needed).is_dir():
            raise DatasetError(
                f"{folder}: no folder {needed}/; expected YOLO layout (images/, labels/, which may be empty, perhaps ignore/)"
            )
    for path in picture_paths(folder / "images"):
        yield read_labelled_picture(path, folder)


def read_labelled_picture(path: Path, folder: Path) -> tuple[LabelledPicture, ImageBgr]:
    """One picture, and what `folder`, which is in YOLO layout, says is to be found on it.

    Raises:
        DatasetError: the picture cannot be read, or a label line is wrong.
    """
    image = read_picture(path)
    height, width = image.shape[:2]
    boxes = (read_yolo_labels(folder / kind / f"{path.stem}.txt", width, height) for kind in ("labels", "ignore"))
    return LabelledPicture(path.name, *boxes), image


def picture_paths(folder: Path) -> list[Path]:
    """The pictures that lie in a folder, by name.

    Raises:
        DatasetError: there are none.
    """
    there = folder.iterdir() if folder.is_dir() else ()
    # A Macintosh's copies leave files such as ._1.jpg beside the pictures.
    paths = sorted(p for p in there if p.suffix.lower() in PICTURE_SUFFIXES and not p.name.startswith("."))
    if not paths:
        found = "none" if folder.is_dir() else "no such folder"
        raise DatasetError(f"{folder}: expected pictures ({', '.join(PICTURE_SUFFIXES)}), found {found}")
    return paths


def read_picture(path: Path) -> ImageBgr:
    """One picture, uint8 BGR (H, W, 3).

    Raises:
        DatasetError: it cannot be read.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise DatasetError(f"{path}: not a readable picture")
    return np.asarray(image, np.uint8)


def read_yolo_labels(path: Path, width: int, height: int) -> FloatArray:
    """Boxes of one label file as xyxy pixels of a `width` x `height` picture, float32, shape (N, 4).

    A missing or empty file means no box.

    Raises:
        DatasetError: the file cannot be read, or a line is not `class cx cy w h` with shares of the picture's sides.
    """
    if not path.is_file():
        return np.zeros((0, 4), np.float32)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: expected lines `class cx cy w h`, found none that can be read ({error})") from error
    boxes = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            _, cx, cy, w, h = (float(word) for word in line.split()[:5])
            if not all(0 <= share <= 1 + SLACK for share in (cx, cy, w, h)):
                raise ValueError
        except ValueError as error:
            raise DatasetError(
                f"{path}, line {number}: expected `class cx cy w h`, shares of the picture's sides (0 to 1), found "
                f"{line.strip()[:80]!r}"
            ) from error
        boxes.append(((cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height))
    return np.asarray(boxes, np.float32).reshape(-1, 4)
