"""Which sizes of faces a detector finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from realtime_fer.evaluation.detection.average_precision import IOU_THRESHOLDS
from realtime_fer.evaluation.detection.matching import MIN_SIDE_PX, Matching, short_sides
from realtime_fer.evaluation.detection.pictures import LabelledPicture
from realtime_fer.types import FaceDetection

SIZE_BANDS_PX = ((MIN_SIDE_PX, 16.0), (16.0, 24.0), (24.0, 40.0), (40.0, 80.0), (80.0, 160.0), (160.0, np.inf))
"""Shorter sides in pixels of the picture, from the first number to just below the second."""

CONVERSATION_PX = (40.0, 300.0)
"""Shorter side of the faces that a robot talks to, both ends included."""


@dataclass(frozen=True, slots=True)
class SizeRecall:
    """`recall` is nan where there are no faces of such a size."""

    faces: int
    recall: float


def recall_by_size(
    pictures: Sequence[LabelledPicture],
    found: Sequence[Sequence[FaceDetection]],
    *,
    confidence_threshold: float,
    bands_px: Sequence[tuple[float, float]] = SIZE_BANDS_PX,
) -> Mapping[str, SizeRecall]:
    """Share of the faces of each size that detections at or above a confidence find at an overlap of 0.5.

    Args:
        pictures, found: `found[i]` are the detections on `pictures[i]`.
        confidence_threshold: operating point.
        bands_px: shorter side, from and below.

    Returns:
        By name of the band, "12-16" or "160+".
    """
    sides, hits = _sides_and_hits(pictures, found, confidence_threshold)
    result = {}
    for low, high in bands_px:
        inside = hits[(sides >= low) & (sides < high)]
        recall = float(inside.mean()) if len(inside) else float("nan")
        result[f"{low:g}+" if np.isinf(high) else f"{low:g}-{high:g}"] = SizeRecall(len(inside), recall)
    return result


def recall_in_conversation(
    pictures: Sequence[LabelledPicture], found: Sequence[Sequence[FaceDetection]], *, confidence_threshold: float
) -> SizeRecall:
    """The same for faces of 40 to 300 px."""
    sides, hits = _sides_and_hits(pictures, found, confidence_threshold)
    inside = hits[(sides >= CONVERSATION_PX[0]) & (sides <= CONVERSATION_PX[1])]
    return SizeRecall(len(inside), float(inside.mean()) if len(inside) else float("nan"))


def _sides_and_hits(
    pictures: Sequence[LabelledPicture], found: Sequence[Sequence[FaceDetection]], confidence_threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Shorter side of every face that counts, and whether it is found."""
    sides, hits = [np.zeros(0, np.float32)], [np.zeros(0, bool)]
    for picture, faces in zip(pictures, found, strict=True):
        matching = Matching(picture, faces)
        sides.append(short_sides(matching.wanted_xyxy))
        hits.append(matching.judge(IOU_THRESHOLDS[0]).found_at >= confidence_threshold)
    return np.concatenate(sides), np.concatenate(hits)
