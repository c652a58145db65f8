"""How well published tracks follow the true faces: the CLEAR-MOT counts.

Source: Bernardin and Stiefelhagen, Evaluating Multiple Object Tracking Performance: The CLEAR MOT Metrics, EURASIP J.
Image and Video Processing 2008; fragmentations as counted by the MOTChallenge benchmarks (Milan et al., MOT16, 2016).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from realtime_fer.types import FloatArray

IOU_THRESHOLD = 0.5
"""Overlap from which a published box is on a face."""


@dataclass(frozen=True, slots=True)
class TrackingScores:
    """Counts over all frames.

    Attributes:
        faces: true faces, summed over frames.
        misses: true faces without a published box on them.
        false_positives: published boxes on no true face.
        id_switches: times a face was followed under another id than the last time it was followed.
        fragmentations: times a face was followed again after an interruption, under whatever id.
        mean_iou: of the pairs; nan without any (the paper's MOTP measures the same).
        mota: 1 - (misses + false_positives + id_switches) / faces; nan without faces.
    """

    faces: int
    misses: int
    false_positives: int
    id_switches: int
    fragmentations: int
    mean_iou: float
    mota: float


class TrackingScorer:
    """Counts frame by frame; `scores` tells the sums so far.

    A face keeps its published id of the frame before while the boxes overlap enough; only what is left is assigned anew,
    by the largest sum of overlaps. So a tie between two boxes is not counted as a switch.
    """

    def __init__(self, iou_threshold: float = IOU_THRESHOLD) -> None:
        self._iou_threshold = iou_threshold
        self._faces = self._misses = self._false_positives = self._id_switches = self._fragmentations = 0
        self._ious: list[float] = []
        # Truth id to published id: pairs of the frame before, and the last pair ever.
        self._present: dict[int, int] = {}
        self._last: dict[int, int] = {}

    def add_frame(self, truth_xyxy: Mapping[int, FloatArray], published_xyxy: Mapping[int, FloatArray]) -> None:
        """Count one frame: true boxes by face, published boxes by track id; each box has shape (4,)."""
        pairs = {
            face: track
            for face, track in self._present.items()
            if face in truth_xyxy
            and track in published_xyxy
            and intersection_over_union(truth_xyxy[face], published_xyxy[track]) >= self._iou_threshold
        }
        free_faces = [face for face in truth_xyxy if face not in pairs]
        taken = set(pairs.values())
        free_tracks = [track for track in published_xyxy if track not in taken]
        if free_faces and free_tracks:
            overlaps = np.array(
                [[intersection_over_union(truth_xyxy[f], published_xyxy[t]) for t in free_tracks] for f in free_faces]
            )
            overlaps[overlaps < self._iou_threshold] = 0.0
            for row, column in zip(*linear_sum_assignment(-overlaps), strict=True):
                if overlaps[row, column] > 0:
                    pairs[free_faces[row]] = free_tracks[column]
        for face, track in pairs.items():
            self._ious.append(intersection_over_union(truth_xyxy[face], published_xyxy[track]))
            if face in self._last:
                self._id_switches += self._last[face] != track
                self._fragmentations += face not in self._present
            self._last[face] = track
        self._faces += len(truth_xyxy)
        self._misses += len(truth_xyxy) - len(pairs)
        self._false_positives += len(published_xyxy) - len(pairs)
        self._present = pairs

    @property
    def scores(self) -> TrackingScores:
        """Sums so far."""
        errors = self._misses + self._false_positives + self._id_switches
        return TrackingScores(
            faces=self._faces,
            misses=self._misses,
            false_positives=self._false_positives,
            id_switches=self._id_switches,
            fragmentations=self._fragmentations,
            mean_iou=float(np.mean(self._ious)) if self._ious else float("nan"),
            mota=1.0 - errors / self._faces if self._faces else float("nan"),
        )


def intersection_over_union(a_xyxy: npt.NDArray[np.floating], b_xyxy: npt.NDArray[np.floating]) -> float:
    """Of two boxes of shape (4,); 0 where both are empty."""
    ax0, ay0, ax1, ay1 = a_xyxy.tolist()
    bx0, by0, bx1, by1 = b_xyxy.tolist()
    intersection = max(0.0, min(ax1, bx1) - max(ax0, bx0)) * max(0.0, min(ay1, by1) - max(ay0, by0))
    union = (ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - intersection
    return intersection / union if union > 0 else 0.0
