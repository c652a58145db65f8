"""An FMPN classifier in ONNX Runtime: besides the expression, where on the face it was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime_fer.errors import ModelShapeError
from realtime_fer.expression.classifier import BatchEstimate
from realtime_fer.expression.face_crop import FaceCrop
from realtime_fer.expression.onnx_classifier import OnnxClassifier
from realtime_fer.inference.session import run_session
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
    """Runs an FMPN network that was exported with its mask, see `training.fmpn.export`.

    The network takes `faces`, float32, shape (N, 3, S, S), RGB 0..255, and gives `logits`, float32, shape (N, C), and `mask`,
    float32, shape (N, 1, S, S). Arguments and errors as `OnnxClassifier`.
    """

    def __init__(
        self,
        path: Path,
        *,
        labels: Sequence[str],
        size_px: int,
        margin: float,
        temperature: float = 1.0,
        name: str | None = None,
        intra_op_threads: int = 1,
        providers: Sequence[str] | None = None,
    ) -> None:
        self._masks = np.zeros((0, size_px, size_px), np.float32)
        super().__init__(
            path,
            labels=labels,
            size_px=size_px,
            margin=margin,
            grey=False,
            temperature=temperature,
            name=name,
            intra_op_threads=intra_op_threads,
            providers=providers,
        )

    def classify(self, crops: Sequence[FaceCrop]) -> MotionMaskEstimate:
        """Class probabilities and motion mask of each crop, uint8 (S, S, 3) RGB.

        Raises:
            ShapeError: a crop has another shape.
        """
        self._masks = self._masks[:0]
        estimate = super().classify(crops)
        return MotionMaskEstimate(estimate.probabilities, None, self._masks)

    def _run(self, batch: FloatArray) -> list[FloatArray]:
        logits, mask = super()._run(batch)
        self._masks = mask[:, 0]
        return [logits]

    def _check_by_running(self, path: Path) -> None:
        _, size, _ = self._shape
        blank = np.zeros((2, *self._shape), np.float32)
        shapes = [output.shape for output in run_session(self._session, None, {self._input_name: blank}, str(path))]
        expected = [(2, len(self.labels)), (2, 1, size, size)]
        if shapes != expected:
            raise ModelShapeError(
                f"{path}: expected logits and motion mask of shapes {expected} for {len(self.labels)} labels, found {shapes}"
            )
