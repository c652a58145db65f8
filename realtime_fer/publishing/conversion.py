"""From the pipeline's `FrameResult` to the content of a frame message.

Arrays become plain numbers, rounded to what they are good for, so that messages are short. Nothing that is not
finite passes: an optional value becomes null, a face without a usable box is left out and logged.
"""

from __future__ import annotations

import logging
import math

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from realtime_fer.errors import MessageError
from realtime_fer.publishing.envelope import BoxXyxy, PointXy
from realtime_fer.publishing.message import ExpressionMessage, FaceMessage, FrameContent, QualityMessage
from realtime_fer.types import ExpressionEstimate, FaceQuality, FrameResult, TrackedExpression

_logger = logging.getLogger(__name__)

PIXEL_DECIMALS = 2
"""A hundredth of a pixel is below what any detector resolves."""
PROBABILITY_DECIMALS = 6
"""float32 carries about seven digits; the sum of eight stays within 1e-5 of 1."""
QUALITY_DECIMALS = 3
"""Quality is a rough measure."""
MILLISECOND_DECIMALS = 3
"""A microsecond is below what scheduling lets anyone measure."""


def frame_content(result: FrameResult, *, expression_model: str) -> FrameContent:
    """What is published about one processed frame.

    Args:
        result: the fast path's result.
        expression_model: name of the classifier, repeated in each expression.

    Raises:
        MessageError: a value breaks the wire schema (a negative count, a label in capitals).
    """
    frame = result.frame
    media_time_s = frame.media_time_s
    try:
        faces = [_face(face, expression_model) for face in result.faces]
        return FrameContent(
            source=frame.source_name,
            frame_id=frame.frame_id,
            capture_unix_ns=frame.capture_unix_ns,
            capture_monotonic_ns=frame.capture_monotonic_ns,
            media_time_s=media_time_s if media_time_s is not None and math.isfinite(media_time_s) else None,
            width=frame.width,
            height=frame.height,
            detector_ran=result.detector_ran,
            frames_dropped=result.frames_dropped,
            stage_ms={
                stage: round(max(0.0, float(ms)), MILLISECOND_DECIMALS)
                for stage, ms in result.stage_ms.items()
                if math.isfinite(ms)
            },
            faces=tuple(face for face in faces if face is not None),
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        found = f"{error.title}.{where}: {first['msg']}, found {first['input']!r}"
        raise MessageError(f"frame {frame.frame_id}: {found}") from error


def _face(face: TrackedExpression, expression_model: str) -> FaceMessage | None:
    """None where the box is not finite: such a face is nowhere."""
    track = face.track
    box = _rounded(track.bbox_xyxy, PIXEL_DECIMALS)
    if not all(map(math.isfinite, box)):
        _logger.warning("track %d: bbox_xyxy %s is not finite; the face is left out of the message", track.track_id, box)
        return None
    left, top, right, bottom = box
    bbox: BoxXyxy = (left, top, right, bottom)
    return FaceMessage(
        track_id=track.track_id,
        bbox_xyxy=bbox,
        detected=track.detected,
        detection_confidence=_unit(track.confidence),
        age_frames=track.age_frames,
        missed_frames=track.missed_frames,
        landmarks_xy=None if track.landmarks_xy is None else _landmarks(track.landmarks_xy),
        quality=None if face.quality is None else _quality(face.quality),
        expression=None if face.expression is None else _expression(face.expression, expression_model),
    )


def _quality(quality: FaceQuality) -> QualityMessage:
    return QualityMessage(
        score=round(quality.score, QUALITY_DECIMALS),
        size_px=round(quality.size_px, PIXEL_DECIMALS),
        sharpness=round(quality.sharpness, QUALITY_DECIMALS),
        contrast=round(quality.contrast, QUALITY_DECIMALS),
        visible=round(quality.visible, QUALITY_DECIMALS),
    )


def _landmarks(landmarks_xy: npt.NDArray[np.float32]) -> tuple[PointXy, ...] | None:
    values = _rounded(landmarks_xy.reshape(-1), PIXEL_DECIMALS)
    if not all(map(math.isfinite, values)):
        return None
    return tuple(zip(values[0::2], values[1::2], strict=True))


def _expression(estimate: ExpressionEstimate, model: str) -> ExpressionMessage | None:
    """None where a probability is not finite: no label can be trusted then."""
    # A sum is finite only if every part is, and is taken faster than a look at each.
    total = float(estimate.probabilities.sum() + estimate.probabilities_raw.sum())
    if not estimate.labels or not math.isfinite(total):
        return None
    # Into [0, 1]: float32 arithmetic may step over the edge.
    smoothed = _rounded(estimate.probabilities.clip(0.0, 1.0), PROBABILITY_DECIMALS)
    raw = _rounded(estimate.probabilities_raw.clip(0.0, 1.0), PROBABILITY_DECIMALS)
    probabilities = dict(zip(estimate.labels, smoothed, strict=True))
    valence, arousal = _signed_unit(estimate.valence), _signed_unit(estimate.arousal)
    has_affect = valence is not None or arousal is not None
    return ExpressionMessage.model_validate(
        {
            "label": estimate.label,
            "confidence": probabilities.get(estimate.label, max(probabilities.values())),
            "probabilities": probabilities,
            "probabilities_raw": dict(zip(estimate.labels, raw, strict=True)),
            "valence": valence,
            "arousal": arousal,
            "valence_arousal_source": estimate.valence_arousal_source if has_affect else None,
            "model": model,
        }
    )


def _rounded(values: npt.NDArray[np.float32], decimals: int) -> list[float]:
    """Plain floats; plain `round` beats numpy on arrays this short."""
    return [round(value, decimals) for value in values.tolist()]


def _unit(value: float) -> float:
    """Into [0, 1]: float32 arithmetic may step over the edge; what is not a number counts as 0."""
    return min(1.0, max(0.0, round(float(value), PROBABILITY_DECIMALS))) if math.isfinite(value) else 0.0


def _signed_unit(value: float | None) -> float | None:
    """Into [-1, 1]; None where there is no finite value."""
    if value is None or not math.isfinite(value):
        return None
    return min(1.0, max(-1.0, round(float(value), PROBABILITY_DECIMALS)))
