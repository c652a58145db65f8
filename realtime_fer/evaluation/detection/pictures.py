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
    if not (folder / "images").is_dir():
        raise DatasetError(f"{folder}: no folder images/; expected YOLO layout (images/, labels/, perhaps ignore/)")
    for path in picture_paths(folder / "images"):
        image = read_picture(path)
        height, width = image.shape[:2]
        picture = LabelledPicture(
            name=path.name,
            faces_xyxy=read_yolo_labels(folder / "labels" / f"{path.stem}.txt", width, height),
            ignored_xyxy=read_yolo_labels(folder / "ignore" / f"{path.stem}.txt", width, height),
        )
        yield picture, image


def picture_paths(folder: Path) -> list[Path]:
    """The pictures that lie in a folder, by name.

    Raises:
        DatasetError: there are none.
    """
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES) if folder.is_dir() else []
    if not paths:
        raise DatasetError(f"{folder}: no pictures ({', '.join(PICTURE_SUFFIXES)})")
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
        DatasetError: a line is not `class cx cy w h`.
    """
    if not path.is_file():
        return np.zeros((0, 4), np.float32)
    boxes = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            _, cx, cy, w, h = (float(word) for word in line.split()[:5])
        except ValueError as error:
            raise DatasetError(f"{path}, line {number}: expected `class cx cy w h`, found {line.strip()!r}") from error
        boxes.append(((cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height))
    return np.asarray(boxes, np.float32).reshape(-1, 4)
