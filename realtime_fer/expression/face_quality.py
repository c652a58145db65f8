"""How well a face can be seen, so that a robot can tell "neutral" from "cannot tell"."""

from __future__ import annotations

import cv2
import numpy as np

from realtime_fer.expression.face_crop import FaceCrop
from realtime_fer.types import FaceQuality, FloatArray

# Each ramp goes from 0 (nothing can be read) to 1 (no better picture would help). Sharpness and contrast were read off the
# FER+ validation faces: as they are 0.31 (5th percentile) and more, shrunk to 12 px 0.06 to 0.11, to 8 px 0.04 to 0.08.
SIZE_RAMP_PX = (12.0, 32.0)
SHARPNESS_RAMP = (0.04, 0.12)
CONTRAST_RAMP = (4.0, 16.0)
VISIBLE_RAMP = (0.4, 0.9)
CONFIDENCE_RAMP = (0.1, 0.5)

JUDGED_AT_PX = 48
"""Side of the faces the ramps were read off. A larger crop is shrunk to it: fine detail is a matter of scale, and the same face
would be sharp for one classifier and blurred for another."""

FLAT_CONTRAST = 4.0
"""Keeps the noise of an even picture from counting as detail."""


def assess_quality(
    crop: FaceCrop, bbox_xyxy: FloatArray, confidence: float, *, frame_width: int, frame_height: int
) -> FaceQuality:
    """Quality of one face from its crop, box and detector score.

    The overall score is that of the weakest part, since no strength makes up for a face too small, too blurred, too
    dark, cut off or doubtful.

    Args:
        crop: as the classifier sees it, uint8, (S, S) grey or (S, S, 3) RGB.
        bbox_xyxy: float32, shape (4,), pixels of the captured frame.
        confidence: of the detector, in [0, 1].
        frame_width, frame_height: pixels.
    """
    grey = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    if crop.shape[0] > JUDGED_AT_PX:
        grey = cv2.resize(grey, (JUDGED_AT_PX, JUDGED_AT_PX), interpolation=cv2.INTER_AREA)
    contrast = float(cv2.meanStdDev(grey)[1][0, 0])
    # Mean absolute second difference over contrast: blur lowers it, light does not.
    sharpness = float(cv2.mean(np.abs(cv2.Laplacian(grey, cv2.CV_32F)))[0]) / (contrast + FLAT_CONTRAST)
    x0, y0, x1, y1 = (float(value) for value in bbox_xyxy)
    size_px = max(0.0, min(x1 - x0, y1 - y0))
    inside = max(0.0, min(x1, frame_width) - max(x0, 0.0)) * max(0.0, min(y1, frame_height) - max(y0, 0.0))
    area = (x1 - x0) * (y1 - y0)
    visible = inside / area if area > 0 else 0.0
    score = min(
        _ramp(size_px, SIZE_RAMP_PX),
        _ramp(sharpness, SHARPNESS_RAMP),
        _ramp(contrast, CONTRAST_RAMP),
        _ramp(visible, VISIBLE_RAMP),
        _ramp(confidence, CONFIDENCE_RAMP),
    )
    return FaceQuality(score=score, size_px=size_px, sharpness=sharpness, contrast=contrast, visible=visible)


def _ramp(value: float, ends: tuple[float, float]) -> float:
    low, high = ends
    return min(1.0, max(0.0, (value - low) / (high - low)))
