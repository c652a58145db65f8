"""What the fast path expects of an expression classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from realtime_fer.errors import ShapeError
from realtime_fer.expression.face_crop import FaceCrop
from realtime_fer.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class BatchEstimate:
    """A classifier's answer for N faces.

    Attributes:
        probabilities: float32, shape (N, C), calibrated; rows sum to 1.
        valence_arousal: float32, shape (N, 2), in [-1, 1]; None where the model does not predict them.
    """

    probabilities: FloatArray
    valence_arousal: FloatArray | None = None


class ExpressionClassifier(Protocol):
    """One network, and how it wants its faces cut."""

    name: str
    labels: tuple[str, ...]
    crop_size_px: int
    crop_margin: float
    crop_grey: bool
    last_model_ms: float

    def classify(self, crops: Sequence[FaceCrop]) -> BatchEstimate:
        """All faces of a frame in one batch; an empty sequence gives arrays with N = 0."""
        ...


def softmax(logits: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Probabilities of each row of `logits`, float32, shape (N, C), at a temperature.

    Temperature scaling: Guo et al., On Calibration of Modern Neural Networks, ICML 2017, equation 9.

    Raises:
        ShapeError: `logits` is not (N, C).
    """
    if logits.ndim != 2:
        raise ShapeError(f"logits: expected shape (N, C), found {logits.shape}")
    scaled = logits.astype(np.float32) / np.float32(temperature)
    scaled -= scaled.max(axis=1, keepdims=True, initial=-np.inf)
    exponents = np.exp(scaled)
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True), np.float32)
