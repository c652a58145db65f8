"""More pictures without a face, cut from labelled pictures: places where nobody is.

Collections of pictures without faces tend to end up in training. The background between labelled faces is of the same
rooms and cameras as the faces, was never shown as an empty picture, and costs nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from realtime_fer.evaluation.detection.matching import overlap_matrix
from realtime_fer.evaluation.detection.pictures import LabelledPicture, read_pictures
from realtime_fer.types import FloatArray, ImageBgr

MIN_CROP_PX = 96
"""Shorter side of a crop, at least."""

CROPS_PER_PICTURE = 4

MARGIN = 0.5
"""Kept clear around every box, as a share of its longer side: hair, ears and chins lie outside of many labels."""

LARGEST_OVERLAP = 0.25
"""Two crops of one picture show different things."""

TRIES = 400
"""Rectangles thrown at a picture; on a crowd none may fit."""

WIDEST = 2.0
"""Longer by shorter side, at most."""


def read_empty_crops(folder: Path) -> Iterator[tuple[str, ImageBgr]]:
    """Name and pixels of every crop of a folder in YOLO layout, picture by picture; the same in every run.

    Raises:
        DatasetError: the folder cannot be used.
    """
    for picture, image in read_pictures(folder):
        height, width = image.shape[:2]
        for number, (x0, y0, x1, y1) in enumerate(empty_places(picture, width, height)):
            yield f"{picture.name}#{number}", np.ascontiguousarray(image[y0:y1, x0:x1])


def empty_places(picture: LabelledPicture, width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Up to four rectangles (xyxy, pixels) of a picture of `width` x `height` that touch no box; large ones are tried first."""
    keep_clear = _grown(np.concatenate((picture.faces_xyxy, picture.ignored_xyxy)), MARGIN)
    rng = np.random.default_rng(zlib.crc32(picture.name.encode()))
    chosen: list[tuple[int, int, int, int]] = []
    largest = max(width, height)
    for attempt in range(TRIES):
        if len(chosen) == CROPS_PER_PICTURE:
            break
        # From the whole picture down to the smallest crop, evenly on a scale of ratios.
        side = largest * (MIN_CROP_PX / largest) ** (attempt / (TRIES - 1)) if largest > MIN_CROP_PX else MIN_CROP_PX
        ratio = WIDEST ** rng.uniform(-1, 1)
        crop_width, crop_height = round(side * min(1.0, ratio)), round(side * min(1.0, 1 / ratio))
        place = (rng.random(), rng.random())
        if min(crop_width, crop_height) < MIN_CROP_PX or crop_width > width or crop_height > height:
            continue
        left, top = round(place[0] * (width - crop_width)), round(place[1] * (height - crop_height))
        crop = (left, top, left + crop_width, top + crop_height)
        as_box = np.array([crop], np.float32)
        if _touches(as_box, keep_clear):
            continue
        if chosen and overlap_matrix(as_box, np.array(chosen, np.float32)).max() > LARGEST_OVERLAP:
            continue
        chosen.append(crop)
    return chosen


def _grown(boxes_xyxy: FloatArray, margin: float) -> FloatArray:
    reach = margin * np.max(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], axis=1, keepdims=True)
    return np.concatenate((boxes_xyxy[:, :2] - reach, boxes_xyxy[:, 2:] + reach), axis=1)


def _touches(box_xyxy: FloatArray, others_xyxy: FloatArray) -> bool:
    apart = (box_xyxy[:, :2] >= others_xyxy[:, 2:]) | (box_xyxy[:, 2:] <= others_xyxy[:, :2])
    return bool((~apart.any(axis=1)).any())
