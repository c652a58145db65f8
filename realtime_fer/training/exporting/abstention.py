"""When to answer "unknown": a limit on the top probability under which few answers are wrong, with a stated certainty.

Source: Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks", NeurIPS 2017, section 3 (selection
with guaranteed risk): among limits found by bisection, a binomial tail bound on the error of the answered faces, with
the certainty shared out over the steps of the search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from realtime_fer.errors import ShapeError

MAX_ERROR = 0.10
CERTAINTY = 0.95


@dataclass(frozen=True, slots=True)
class Abstention:
    """A limit and what is known of it.

    Attributes:
        unknown_below: answer only where the largest probability is at least this.
        answered_share: of the faces it was chosen on, how many are answered.
        max_error: at most this share of the answered faces is wrong,
        certainty: with this probability over the draw of those faces.
        faces: how many there were.
    """

    unknown_below: float
    answered_share: float
    max_error: float
    certainty: float
    faces: int


def fit_abstention(
    probabilities: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    *,
    max_error: float = MAX_ERROR,
    certainty: float = CERTAINTY,
) -> Abstention | None:
    """The limit that answers most faces while at most `max_error` of the answered ones are wrong; None if none does.

    Args:
        probabilities: calibrated, shape (N, C), of faces that nothing was trained on.
        labels: shape (N,), their classes.

    Raises:
        ShapeError: shapes do not fit, or there are no faces.
    """
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or len(labels) == 0:
        raise ShapeError(f"abstention: expected (N, C) and (N,), found {probabilities.shape} and {labels.shape}")
    top = probabilities.max(axis=1)
    wrong = probabilities.argmax(axis=1) != labels
    surest_first = np.argsort(-top, kind="stable")
    sorted_top, errors = top[surest_first], np.cumsum(wrong[surest_first])
    steps = max(1, math.ceil(math.log2(len(labels))))
    doubt = (1 - certainty) / (steps + 1)
    low, high, best = 1, len(labels), 0
    # All faces first: where that is good enough, nothing needs to be unknown.
    answered = len(labels)
    while low <= high:
        if error_bound(int(errors[answered - 1]), answered, doubt) <= max_error:
            best, low = answered, answered + 1
        else:
            high = answered - 1
        answered = (low + high) // 2
    if best == 0:
        return None
    limit = float(sorted_top[best - 1])
    return Abstention(limit, float((top >= limit).mean()), max_error, certainty, len(labels))


def error_bound(wrong: int, faces: int, doubt: float) -> float:
    """The largest true error share that still gives `wrong` or fewer of `faces` with probability `doubt` (Clopper-Pearson)."""
    return 1.0 if wrong >= faces else float(beta.ppf(1 - doubt, wrong + 1, faces - wrong))
