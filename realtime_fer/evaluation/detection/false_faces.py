"""How often a detector sees a face on a picture that has none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from realtime_fer.evaluation.detection.average_precision import Detect
from realtime_fer.evaluation.detection.pictures import picture_paths, read_picture
from realtime_fer.types import ImageBgr


def surest_faces(detectors: Mapping[str, Detect], pictures: Iterable[tuple[str, ImageBgr]]) -> dict[str, dict[str, float]]:
    """Score of the surest detection on each picture, by detector and then by picture's name; 0 where there is none.

    Args:
        detectors: each detector's `detect`, by a name of the caller's.
        pictures: name and pixels, uint8 BGR; each is looked at once and not kept.
    """
    surest: dict[str, dict[str, float]] = {detector: {} for detector in detectors}
    for name, image in pictures:
        for detector, detect in detectors.items():
            surest[detector][name] = max((face.confidence for face in detect(image)), default=0.0)
    return surest


def count_with_face(scores: Iterable[float], confidence_threshold: float) -> int:
    """How many pictures get at least one detection at or above a threshold."""
    values: npt.NDArray[np.float64] = np.fromiter(scores, np.float64)
    return int((values >= confidence_threshold).sum())


def pictures_of(folder: Path) -> Iterator[tuple[str, ImageBgr]]:
    """Name and pixels of every picture that lies in a folder.

    Raises:
        DatasetError: there are none, or one cannot be read.
    """
    for path in picture_paths(folder):
        yield path.name, read_picture(path)
