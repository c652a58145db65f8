"""How good a picture of a face is for asking about it, compared with others of the same face."""

from __future__ import annotations

import numpy as np

from realtime_fer.types import FaceQuality, FaceTrack, FloatArray

ENOUGH_PX = 224.0
"""A face this large is as good as a larger one: vision encoders look at pictures of about this size."""

ENOUGH_SHARPNESS = 0.5
"""Of a sharp face, see `FaceQuality`; more is noise."""

PREDICTED_FACTOR = 0.7
"""A box that the tracker predicts may have slipped off the face."""

MIN_FRONTALITY = 0.3
"""A profile still shows something."""


def picture_merit(quality: FaceQuality, track: FaceTrack) -> float:
    """Merit in [0, 1]: quality score, size, sharpness, and pose where the detector gives landmarks, multiplied.

    Unlike the quality score, which says whether a face can be read at all, it goes on growing with a better picture.
    """
    size = min(1.0, quality.size_px / ENOUGH_PX)
    sharpness = min(1.0, quality.sharpness / ENOUGH_SHARPNESS)
    merit = quality.score * size * sharpness
    if not track.detected:
        merit *= PREDICTED_FACTOR
    if track.landmarks_xy is not None:
        merit *= max(MIN_FRONTALITY, frontality(track.landmarks_xy))
    return merit


def frontality(landmarks_xy: FloatArray) -> float:
    """How far a face looks into the camera: 1 with the nose midway between the eyes, 0 with it at or beyond one of them.

    Args:
        landmarks_xy: float32, shape (5, 2): eyes, nose tip, mouth corners.
    """
    left, right, nose = (np.asarray(point, np.float64) for point in landmarks_xy[:3])
    across = right - left
    length = float(across @ across)
    if not length > 0:  # one point, or not a number
        return 0.0
    along = float((nose - left) @ across) / length
    return max(0.0, 1.0 - 2.0 * abs(along - 0.5)) if np.isfinite(along) else 0.0
