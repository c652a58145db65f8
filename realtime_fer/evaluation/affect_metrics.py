"""Figures of valence and arousal: agreement and error of one trace of numbers against another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ShapeError

Trace = npt.NDArray[np.floating]


def concordance(prediction: Trace, target: Trace) -> float:
    """Concordance correlation coefficient (CCC) of one valence or arousal trace.

        CCC = 2 cov(p, t) / (var(p) + var(t) + (mean(p) - mean(t))^2)

    Args:
        prediction, target: shape (N,), N >= 2, in one order.

    Returns:
        Agreement in [-1, 1]; nan when both traces are one equal constant.

    Raises:
        ShapeError: the shapes differ, N < 2, or a number is not finite.

    Source: Lin, Biometrics 45(1), 1989, 255-268. Moments divide by N, as there; N - 1 gives another number (0.9777 for
    0.9768 on a four-sample example).
    """
    p, t = _traces(prediction, target)
    return _agreement(p, t, p.var() + t.var())


def concordance_mixed_moments(prediction: Trace, target: Trace) -> float:
    """The CCC that Emotion-GCN is trained and was published with: the covariance divides by N, the variances by N - 1.

    For comparing with those figures alone: it is smaller than Lin's, and a perfect prediction gives (N - 1) / N.

    Arguments, result and errors as `concordance`.

    Source: the published code of Antoniadis, Filntisis and Maragos, FG 2021.
    """
    p, t = _traces(prediction, target)
    return _agreement(p, t, p.var(ddof=1) + t.var(ddof=1))


def root_mean_square_error(prediction: Trace, target: Trace) -> float:
    """RMSE, in the units of the traces.

    Raises:
        ShapeError: as `concordance`.
    """
    p, t = _traces(prediction, target)
    return float(np.sqrt(np.square(p - t).mean()))


def _agreement(p: npt.NDArray[np.float64], t: npt.NDArray[np.float64], variances: np.float64) -> float:
    mean_p, mean_t = p.mean(), t.mean()
    spread = float(variances + (mean_p - mean_t) ** 2)
    return float(2 * ((p - mean_p) * (t - mean_t)).mean() / spread) if spread > 0 else float("nan")


def _traces(prediction: Trace, target: Trace) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    if prediction.shape != target.shape or prediction.ndim != 1 or len(prediction) < 2:
        raise ShapeError(
            f"valence, arousal: expected two arrays of one shape (N,) with N >= 2, found {prediction.shape} and {target.shape}"
        )
    p, t = prediction.astype(np.float64), target.astype(np.float64)
    if not (np.isfinite(p).all() and np.isfinite(t).all()):
        raise ShapeError("valence, arousal: expected finite numbers, found others; leave out faces without a label")
    return p, t
