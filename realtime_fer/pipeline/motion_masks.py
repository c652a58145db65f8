"""Hand the classifier's motion masks to the faces they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from realtime_fer.expression.face_crop import square_window
from realtime_fer.types import FloatArray, MotionMask, TrackedExpression


def with_motion_masks(
    faces: Sequence[TrackedExpression], was_classified: Sequence[bool], masks: FloatArray, *, margin: float
) -> tuple[TrackedExpression, ...]:
    """The faces, each with the mask that lies on the square its crop was cut from.

    Args:
        was_classified: of each face, whether there was a crop of it.
        masks: float32, shape (N, S, S), of the classified faces in their order.
        margin: the classifier's, see `face_crop.square_window`.
    """
    heats = iter(masks)
    return tuple(
        replace(face, motion_mask=MotionMask(next(heats), *square_window(face.track.bbox_xyxy, margin))) if classified else face
        for face, classified in zip(faces, was_classified, strict=True)
    )
