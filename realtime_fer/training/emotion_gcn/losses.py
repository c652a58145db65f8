"""Losses of Emotion-GCN: weighted cross-entropy of the expressions, concordance of valence and arousal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.emotion_gcn.model import Outputs

try:
    import torch
    from torch import Tensor
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("training Emotion-GCN", "train", error) from error

AFFECTNET_COUNTS = (74874, 134415, 25459, 14090, 6378, 3803, 24882)
"""Training faces of AffectNet's seven expressions, in the order of its labels."""


class Losses(NamedTuple):
    """Of one batch.

    Attributes:
        total: the sum of the other two; what is minimised.
        expression: cross-entropy, float32.
        affect: 1 - mean concordance of valence and arousal, float64; None from a single-task network.
    """

    total: Tensor
    expression: Tensor
    affect: Tensor | None


def class_weights(counts: Sequence[int]) -> Tensor:
    """Weight of each class, float32 (C,): 1 for the rarest, less in proportion to how common a class is.

    Raises:
        ShapeError: a class has no sample.
    """
    if not counts or min(counts) < 1:
        raise ShapeError(f"class counts: expected at least one sample of each class, found {tuple(counts)}")
    return torch.tensor([min(counts) / count for count in counts], dtype=torch.float32)


def concordances(prediction: Tensor, target: Tensor) -> Tensor:
    """Concordance of each column, float64 (D,), in the mixture of moments that the published figures were made with.

        r = 2 mean((p - mean p)(t - mean t)) / (var p + var t + (mean t - mean p)^2)

    The covariance divides by N, the variances by N - 1: a perfect prediction gives (N - 1) / N, not 1.

    Args:
        prediction, target: (N, D), N >= 2, any kind of float.

    Raises:
        ShapeError: shapes differ, or N < 2.
    """
    if prediction.shape != target.shape or prediction.ndim != 2 or len(prediction) < 2:
        raise ShapeError(
            f"concordance: expected two arrays of one shape (N, D) with N >= 2, found {tuple(prediction.shape)} "
            f"and {tuple(target.shape)}"
        )
    p, t = prediction.double(), target.double()
    mean_p, mean_t = p.mean(dim=0), t.mean(dim=0)
    covariance = ((p - mean_p) * (t - mean_t)).mean(dim=0)
    return 2 * covariance / (p.var(dim=0) + t.var(dim=0) + (mean_t - mean_p) ** 2)


def affect_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """1 - mean of `concordances` over valence and arousal; float64, no axes.

    Raises:
        ShapeError: see `concordances`.
    """
    return 1 - concordances(prediction, target).mean()


def emotion_losses(outputs: Outputs, labels: Tensor, affect: Tensor, weights: Tensor | None = None) -> Losses:
    """The losses of a batch; single-task networks have the first alone.

    Args:
        outputs: of N faces.
        labels: expressions, int64 (N,).
        affect: valence and arousal, (N, 2).
        weights: of the classes, float32 (7,), as for AffectNet; None as for Aff-Wild2. The mean is weighted too: it
            divides by the weights of the labels that occur.

    Raises:
        ShapeError: see `concordances`.
    """
    expression = functional.cross_entropy(outputs.logits, labels, weight=weights)
    if outputs.valence_arousal is None:
        return Losses(expression, expression, None)
    continuous = affect_loss(outputs.valence_arousal, affect)
    return Losses(expression + continuous, expression, continuous)
