"""Make a classifier's probabilities mean what they say: one temperature for all logits.

Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from realtime_fer.errors import ShapeError

TEMPERATURE_RANGE = (0.05, 20.0)
"""Searched on a logarithmic scale; a sound classifier needs something between 0.3 and 3."""


def negative_log_likelihood(logits: npt.NDArray[np.floating], labels: npt.NDArray[np.integer], temperature: float) -> float:
    """Mean of -log softmax(logits / temperature)[label].

    Shapes: logits (N, C), labels (N,) in 0..C-1.
    """
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(scaled).sum(axis=1))
    return float((log_sum - scaled[np.arange(len(labels)), labels]).mean())


def fit_temperature(logits: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]) -> float:
    """The temperature with the smallest negative log-likelihood.

    Args:
        logits: shape (N, C), of faces that were not trained on.
        labels: shape (N,), their classes.

    Raises:
        ShapeError: shapes do not fit, there are no faces, or a label is out of range.
    """
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or len(labels) == 0:
        raise ShapeError(f"temperature: expected logits (N, C) and labels (N,), found {logits.shape} and {labels.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ShapeError(f"temperature: labels must lie in 0..{logits.shape[1] - 1}, found {labels.min()}..{labels.max()}")
    low, high = np.log(TEMPERATURE_RANGE)
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits, labels, float(np.exp(log_t))), bounds=(low, high), method="bounded"
    )
    return float(np.exp(found.x))
