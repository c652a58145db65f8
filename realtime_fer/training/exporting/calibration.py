"""After training: give rare classes their chance, then make probabilities mean what they say.

Both are fitted on faces held out of training. Sources: Menon et al., "Long-tail learning via logit adjustment", ICLR
2021 (post-hoc adjustment, with a strength below 1); Guo et al., "On Calibration of Modern Neural Networks", ICML 2017,
section 4.2 (one temperature for all logits).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from realtime_fer.errors import ShapeError

TEMPERATURE_RANGE = (0.05, 20.0)
"""Searched on a logarithmic scale; a sound classifier needs something between 0.3 and 3."""

PRIOR_STRENGTHS = tuple(round(0.05 * step, 2) for step in range(21))
MAX_ACCURACY_LOSS = 0.003
"""What better recall of rare classes may cost in accuracy on the held-out faces."""


def prior_bias(class_shares: npt.NDArray[np.floating], strength: float) -> npt.NDArray[np.float64]:
    """What to add to the logits so that frequent classes lose their head start: -strength log(share), mean 0.

    Args:
        class_shares: shape (C,), each above 0: how often training saw each class.
        strength: 0 changes nothing, 1 takes the head start away wholly.
    """
    bias = -strength * np.log(np.asarray(class_shares, np.float64))
    return np.asarray(bias - bias.mean())


def choose_prior_strength(
    logits: npt.NDArray[np.floating], labels: npt.NDArray[np.integer], class_shares: npt.NDArray[np.floating]
) -> float:
    """The strength with the best mean recall among those that cost at most `MAX_ACCURACY_LOSS`; the least on a tie.

    Args:
        logits: shape (N, C), of faces that were not trained on.
        labels: shape (N,), their classes.
        class_shares: see `prior_bias`.

    Raises:
        ShapeError: shapes do not fit, there are no faces, or a label is out of range.
    """
    _require(logits, labels)
    best_strength, best_recall, plain_accuracy = 0.0, -1.0, 0.0
    for strength in PRIOR_STRENGTHS:
        right = (logits + prior_bias(class_shares, strength)).argmax(axis=1) == labels
        recall = float(np.mean([right[labels == c].mean() for c in np.unique(labels)]))
        if strength == 0:
            plain_accuracy = float(right.mean())
        if recall > best_recall and right.mean() >= plain_accuracy - MAX_ACCURACY_LOSS:
            best_strength, best_recall = strength, recall
    return best_strength


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
    _require(logits, labels)
    low, high = np.log(TEMPERATURE_RANGE)
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits, labels, float(np.exp(log_t))), bounds=(low, high), method="bounded"
    )
    return float(np.exp(found.x))


def _require(logits: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]) -> None:
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or len(labels) == 0:
        raise ShapeError(f"calibration: expected logits (N, C) and labels (N,), found {logits.shape} and {labels.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ShapeError(f"calibration: labels must lie in 0..{logits.shape[1] - 1}, found {labels.min()}..{labels.max()}")
