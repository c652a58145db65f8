"""An FMPN classifier in ONNX Runtime: besides the expression, where on the face it was read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from realtime_fer.errors import ModelShapeError
from realtime_fer.expression.classifier import BatchEstimate, softmax
from realtime_fer.expression.onnx_classifier import OnnxClassifier
from realtime_fer.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class MotionMaskEstimate(BatchEstimate):
    """A classifier's answer for N faces, with their motion masks.

    Attributes:
        motion_masks: float32, shape (N, S, S), in [0, 1], bright where the expression moves the face; each lies on the
            square that its crop was cut from (`face_crop.square_window`).
    """

    motion_masks: FloatArray | None = None


class MotionMaskClassifier(OnnxClassifier):
    """Runs an FMPN network that was exported with its mask, see `training.fmpn.export`; its answers are `MotionMaskEstimate`.

    The network takes `faces`, float32, shape (N, 3, S, S), RGB 0..255, and gives `logits`, float32, shape (N, C), and `mask`,
    float32, shape (N, 1, S, S). Arguments and errors as `OnnxClassifier`.
    """

    def _estimate(self, outputs: list[FloatArray]) -> MotionMaskEstimate:
        logits, mask = outputs
        return MotionMaskEstimate(softmax(logits, self._temperature), None, mask[:, 0])

    def _require_fit(self, shapes: list[tuple[int, ...]], path: Path) -> None:
        expected = [(2, len(self.labels)), (2, 1, *self._shape[1:])]
        if shapes != expected:
            raise ModelShapeError(
                f"{path}: expected logits and motion mask of shapes {expected} for {len(self.labels)} labels, found {shapes}"
            )
