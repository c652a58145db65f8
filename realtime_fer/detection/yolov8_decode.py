"""Read the raw output of a YOLOv8 face network exported to ONNX.

Two heads are in use: one class alone, 5 values an anchor, and one class with five face points
(YOLOv8n-face), 20 values an anchor. Both list centre x, centre y, width, height in pixels of the input, then the
confidence after the sigmoid; the points follow as x, y, visibility.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from realtime_fer.errors import ModelShapeError
from realtime_fer.types import FloatArray

BOX_CHANNELS = 5
"""cx, cy, w, h, confidence."""

LANDMARKS = 5
"""Eyes, nose tip, mouth corners."""

LANDMARK_CHANNELS = BOX_CHANNELS + 3 * LANDMARKS
"""The box, then x, y, visibility of each point."""

MAX_CANDIDATES = 1000
"""Only so many of the surest boxes go on to the suppression of overlaps; a frame holds at most some dozens of faces,
each found by some dozens of anchors."""


class FaceCandidates(NamedTuple):
    """Boxes before the suppression of overlaps, in pixels of the network's input, in no order.

    Attributes:
        boxes_xyxy: float32, shape (N, 4).
        confidences: float32, shape (N,), in [0, 1].
        landmarks_xy: float32, shape (N, 5, 2); None where the head has none.
    """

    boxes_xyxy: FloatArray
    confidences: FloatArray
    landmarks_xy: FloatArray | None


def require_yolov8_output(output: FloatArray, what: str) -> None:
    """Raise ModelShapeError unless `output` has shape (1, 5, A) or (1, 20, A); `what` names the model."""
    if output.ndim != 3 or output.shape[0] != 1 or output.shape[1] not in (BOX_CHANNELS, LANDMARK_CHANNELS):
        raise ModelShapeError(
            f"{what}: expected one output of shape (1, {BOX_CHANNELS}, A) or (1, {LANDMARK_CHANNELS}, A), a YOLOv8 head "
            f"with one class and no or five points, found {tuple(output.shape)}; was it exported with another task, "
            "more classes, or the suppression of overlaps inside?"
        )


def decode_yolov8(output: FloatArray, *, confidence_threshold: float, max_candidates: int = MAX_CANDIDATES) -> FaceCandidates:
    """Boxes at or above a confidence, at most `max_candidates` of them, the surest.

    Args:
        output: float32, shape (1, 5, A) or (1, 20, A), see the head of this file.
        confidence_threshold: in [0, 1]. Applied before anything else: most anchors see no face.

    Raises:
        ModelShapeError: another shape.
    """
    require_yolov8_output(output, "detector output")
    channels = output[0]
    confidences = channels[4]
    wanted = np.flatnonzero(confidences >= confidence_threshold)
    if len(wanted) > max_candidates:
        surest = np.argpartition(-confidences[wanted], max_candidates - 1)[:max_candidates]
        wanted = wanted[np.sort(surest)]
    picked = channels[:, wanted]
    finite = np.isfinite(picked).all(axis=0)
    if not finite.all():
        picked = picked[:, finite]
    centre, half = picked[0:2], picked[2:4] / 2
    boxes = np.concatenate((centre - half, centre + half)).T
    landmarks = None
    if len(channels) == LANDMARK_CHANNELS:
        landmarks = picked[BOX_CHANNELS:].T.reshape(-1, LANDMARKS, 3)[:, :, :2]
    return FaceCandidates(boxes, picked[4], landmarks)
