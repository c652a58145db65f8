"""What figures of the same runs over several seeds say: mean and spread of a row, and paired differences of two rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student_t

CONFIDENCE_LEVEL = 0.95
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean, standard deviation (n - 1) and number of figures; the deviation of one figure is nan."""

    mean: float
    deviation: float
    count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of the differences of pairs, and the t-interval around it; without limits (nan) from one pair."""

    mean: float
    low: float
    high: float
    count: int


def spread(values: Sequence[float]) -> Spread:
    """Of at least one figure."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return Spread(float(np.mean(values)), deviation, len(values))


def paired_difference(first: Mapping[int, float], second: Mapping[int, float]) -> Difference:
    """`first` minus `second` over the seeds that both have; a seed draws the same order of faces for both.

    The interval is mean +- t(n - 1) s / sqrt(n) at 95 %: how far the mean over other seeds may lie, of the same training faces
    and the same faces to score.

    Raises:
        ValueError: no seed is in both.
    """
    seeds = sorted(first.keys() & second.keys())
    if not seeds:
        raise ValueError(f"expected a seed in both rows, found {sorted(first)} and {sorted(second)}")
    differences = spread([first[seed] - second[seed] for seed in seeds])
    reach = float("nan")
    if differences.count > 1:
        quantile = float(student_t.ppf((1 + CONFIDENCE_LEVEL) / 2, differences.count - 1))
        reach = quantile * differences.deviation / differences.count**0.5
    return Difference(differences.mean, differences.mean - reach, differences.mean + reach, differences.count)


def rounded(value: float) -> float | None:
    """For JSON, which knows no nan."""
    return None if np.isnan(value) else round(value, DIGITS)
