"""Which detection belongs to which followed face.

A pair costs little where the boxes overlap, their centres are near and their sizes alike; the assignment
with the smallest sum is taken. Centre distance counts beside overlap because at a few frames a second a
moving face does not overlap with where it was.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Array = npt.NDArray[np.float64]

OVERLAP_WEIGHT = 0.5
DISTANCE_WEIGHT = 0.35
SIZE_WEIGHT = 0.15

FULL_DISTANCE_SIZES = 2.0
"""Centre distance, in sizes of the face, from which on it costs its whole weight."""

MAX_SIZE_RATIO = 2.0
"""A face does not grow or shrink more than this between two looks (a half hidden one may seem to)."""

NO_MATCH_COST = 0.9
"""What it costs to leave a face and a detection apart: dearer pairs are not made to give everyone a partner."""


def pair_costs(faces_xyxy: Array, detections_xyxy: Array, reach_sizes: Array, min_iou: float) -> Array:
    """Cost of every pair, in [0, 1]; `NO_MATCH_COST` where the two cannot be one face.

    Args:
        faces_xyxy: predicted boxes, shape (N, 4).
        detections_xyxy: shape (M, 4); no box of either may be empty.
        reach_sizes: shape (N,); how far, in sizes of the face, its centre may be from the prediction.
        min_iou: overlap that makes a pair possible whatever its distance.

    Returns:
        Shape (N, M).
    """
    faces, detections = faces_xyxy.T[:, :, None], detections_xyxy.T[:, None, :]
    face_w, face_h = faces[2] - faces[0], faces[3] - faces[1]
    detection_w, detection_h = detections[2] - detections[0], detections[3] - detections[1]
    face_area, detection_area = face_w * face_h, detection_w * detection_h
    width = np.minimum(faces[2], detections[2]) - np.maximum(faces[0], detections[0])
    height = np.minimum(faces[3], detections[3]) - np.maximum(faces[1], detections[1])
    intersection = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    iou = intersection / (face_area + detection_area - intersection)
    # Twice the distance of the centres, along both axes.
    off_x = (faces[0] + faces[2]) - (detections[0] + detections[2])
    off_y = (faces[1] + faces[3]) - (detections[1] + detections[3])
    distance = 0.5 * np.sqrt((off_x * off_x + off_y * off_y) / face_area)
    # Half the logarithm of the ratio of areas is that of the sizes.
    growth = 0.5 * np.abs(np.log(detection_area / face_area))
    max_growth = np.log(MAX_SIZE_RATIO)
    cost = (
        OVERLAP_WEIGHT * (1.0 - iou)
        + DISTANCE_WEIGHT * np.minimum(distance / FULL_DISTANCE_SIZES, 1.0)
        + SIZE_WEIGHT * np.minimum(growth / max_growth, 1.0)
    )
    possible = ((iou >= min_iou) | (distance <= reach_sizes[:, None])) & (growth <= max_growth)
    return np.asarray(np.where(possible, np.minimum(cost, NO_MATCH_COST), NO_MATCH_COST), np.float64)


def assign(costs: Array) -> list[tuple[int, int]]:
    """Pairs (row, column) of the assignment with the smallest sum, without pairs at `NO_MATCH_COST`."""
    if costs.size == 1:
        return [(0, 0)] if costs[0, 0] < NO_MATCH_COST else []
    rows, columns = linear_sum_assignment(costs)
    return [
        (row, column)
        for row, column, cost in zip(rows.tolist(), columns.tolist(), costs[rows, columns].tolist(), strict=True)
        if cost < NO_MATCH_COST
    ]
