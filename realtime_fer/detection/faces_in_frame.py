"""The last step of every detector: boxes inside the frame, none empty, the surest first."""

from __future__ import annotations

import numpy as np

from realtime_fer.types import FaceDetection, FloatArray

MIN_SIDE_PX = 1.0
"""A box narrower or lower than one pixel, after clipping, holds nothing to look at."""

DEFAULT_MAX_FACES = 100
"""More than any camera of a robot sees; keeps a mad network from flooding the stages behind."""


def faces_in_frame(
    boxes_xyxy: FloatArray,
    confidences: FloatArray,
    landmarks_xy: FloatArray | None,
    *,
    frame_width: int,
    frame_height: int,
    max_faces: int = DEFAULT_MAX_FACES,
) -> list[FaceDetection]:
    """Clip to the frame, drop what is left without area, sort by falling confidence, keep the first `max_faces`.

    Args:
        boxes_xyxy: shape (N, 4), pixels of the frame.
        confidences: shape (N,); clipped to [0, 1].
        landmarks_xy: shape (N, 5, 2) or None. Points stay where they are: one beside the frame is still true.
    """
    if not len(boxes_xyxy):
        return []
    limit = np.array((frame_width, frame_height, frame_width, frame_height), np.float32)
    # float32 explicitly: a detector may compute in another type, the contract is this one.
    clipped = np.clip(np.asarray(boxes_xyxy, np.float32), np.float32(0), limit)
    wide_enough = np.min(clipped[:, 2:] - clipped[:, :2], axis=1) >= MIN_SIDE_PX
    faces = []
    for index in np.argsort(-confidences, kind="stable").tolist():
        if not wide_enough[index]:
            continue
        faces.append(
            FaceDetection(
                bbox_xyxy=clipped[index],
                confidence=min(1.0, max(0.0, float(confidences[index]))),
                landmarks_xy=None if landmarks_xy is None else np.asarray(landmarks_xy[index], np.float32),
            )
        )
        if len(faces) == max_faces:
            break
    return faces
