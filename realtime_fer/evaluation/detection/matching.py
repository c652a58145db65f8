"""Which detections found which labelled faces on one picture; every figure of a detector starts here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realtime_fer.evaluation.detection.pictures import LabelledPicture
from realtime_fer.types import FaceDetection, FloatArray

MIN_SIDE_PX = 12.0
"""Faces with a shorter side below this are too small to read an expression from; they count neither way."""

NEVER = -np.inf
"""Stands for the confidence at which a face is found that no detection found."""


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What became of the detections and faces of one picture at one overlap.

    Attributes:
        detections: intp (N,), those that count, as places in the sequence that was judged, surest first.
        confidences: float64 (N,), theirs.
        correct: bool (N,), which of them found a face.
        found_at: float64 (M,), for each face that counts, in the picture's order, the confidence of the detection that
            found it; `NEVER` where none did.
    """

    detections: npt.NDArray[np.intp]
    confidences: npt.NDArray[np.float64]
    correct: npt.NDArray[np.bool_]
    found_at: npt.NDArray[np.float64]


class Matching:
    """One picture's detections beside its faces; the overlaps are computed once and judged at any threshold.

    Args:
        picture: what is to be found.
        found: the detections on it, in any order.
        min_side_px: smaller faces, and smaller detections that match none, count neither way.
    """

    def __init__(self, picture: LabelledPicture, found: Sequence[FaceDetection], *, min_side_px: float = MIN_SIDE_PX) -> None:
        small = short_sides(picture.faces_xyxy) < min_side_px
        self.wanted_xyxy: FloatArray = picture.faces_xyxy[~small]
        confidences = np.asarray([face.confidence for face in found], np.float64)
        self._order = np.argsort(-confidences, kind="stable")
        self._confidences = confidences[self._order]
        boxes = np.asarray([face.bbox_xyxy for face in found], np.float32).reshape(-1, 4)[self._order]
        self._overlaps = overlap_matrix(boxes, self.wanted_xyxy)
        ignored = np.concatenate((picture.faces_xyxy[small], picture.ignored_xyxy))
        self._on_ignored = overlap_matrix(boxes, ignored).max(axis=1, initial=0.0)
        self._too_small = short_sides(boxes) < min_side_px

    def judge(self, iou_threshold: float) -> Verdict:
        """The surest chooses first, among faces not found yet, the one it covers best.

        One that finds none is left out where it lies on an ignored box or is too small to count.
        """
        found_at = np.full(len(self.wanted_xyxy), NEVER)
        correct = np.zeros(len(self._order), bool)
        # Most detections are near no face at all; only the others have to choose.
        for index in np.flatnonzero(self._overlaps.max(axis=1, initial=0.0) >= iou_threshold):
            overlaps = np.where(found_at == NEVER, self._overlaps[index], -1.0)
            best = int(overlaps.argmax())
            if overlaps[best] >= iou_threshold:
                found_at[best] = self._confidences[index]
                correct[index] = True
        counts = correct | ~(self._too_small | (self._on_ignored >= iou_threshold))
        return Verdict(self._order[counts], self._confidences[counts], correct[counts], found_at)


def overlap_matrix(a_xyxy: FloatArray, b_xyxy: FloatArray) -> npt.NDArray[np.float64]:
    """Intersection over union of every pair of boxes, shape (len(a), len(b))."""
    a, b = a_xyxy.astype(np.float64)[:, None], b_xyxy.astype(np.float64)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    intersection = np.maximum(sides, 0).prod(axis=-1)
    union = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1) - intersection
    return np.asarray(intersection / np.maximum(union, 1e-9), np.float64)


def short_sides(boxes_xyxy: FloatArray) -> FloatArray:
    """Shorter side of each box, float32 (N,), pixels."""
    return np.asarray(np.min(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], axis=1), np.float32)
