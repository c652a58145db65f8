"""The figures of an expression classifier on a labelled data set, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from realtime_fer.evaluation.affect_metrics import concordance, concordance_mixed_moments, root_mean_square_error
from realtime_fer.evaluation.metrics import (
    accuracy,
    bootstrap_interval,
    class_figures,
    confusion_matrix,
    expected_calibration_error,
    mean_recall,
)

DIGITS: Final = 4

AFFECT_NAMES: Final = ("valence", "arousal")


@dataclass(frozen=True, slots=True, eq=False)
class ClassificationReport:
    """What came out.

    Attributes:
        about: what was run on what, for the JSON as it is: protocol, model, data set, classes left out.
        classes: names of the C classes.
        n: faces that count.
        war, uar, ece: accuracy, mean recall over the classes that have a face, calibration error in 15 bins.
        confusion: int64 (C, C), rows true, columns seen.
        affect: of `valence` and `arousal` each `n`, `ccc`, `ccc_mixed_moments` and `rmse`; empty where model or data have none.
        intervals: 95 % bootstrap intervals of `war`, `uar`, `ece`; empty if none were asked for.
    """

    about: Mapping[str, Any]
    classes: tuple[str, ...]
    n: int
    war: float
    uar: float
    ece: float
    confusion: npt.NDArray[np.int64]
    affect: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """What `as_json` says; figures rounded to 4 digits, None where there was no face."""
        figures = class_figures(self.confusion)
        return {
            **self.about,
            "n": self.n,
            "war": round(self.war, DIGITS),
            "uar": round(self.uar, DIGITS),
            "ece": round(self.ece, DIGITS),
            "f1_mean": rounded(float(np.nanmean(figures.f1))),
            "per_class": named(self.classes, figures.recall),
            "precision": named(self.classes, figures.precision),
            "f1": named(self.classes, figures.f1),
            "support": dict(zip(self.classes, self.confusion.sum(axis=1).tolist(), strict=True)),
            "confusion": self.confusion.tolist(),
            **{name: {k: rounded(v) for k, v in values.items()} for name, values in self.affect.items()},
            "intervals": {k: [round(low, DIGITS), round(high, DIGITS)] for k, (low, high) in self.intervals.items()},
        }

    def as_json(self) -> str:
        """One line. The keys are those of docs/evaluation.md."""
        return json.dumps(self.as_dict(), ensure_ascii=False)

    def as_text(self) -> str:
        """The same for people, but for the confusion."""
        lines = []
        for name, value in (("WAR", self.war), ("UAR", self.uar), ("ECE", self.ece)):
            low, high = self.intervals.get(name.lower(), (float("nan"), float("nan")))
            between = f"  (95 % bootstrap interval {low:.4f} to {high:.4f})" if self.intervals else ""
            lines.append(f"  {name}  {value:.4f}{between}")
        for name, values in self.affect.items():
            lines.append(
                f"  {name}  CCC {values['ccc']:.4f}  RMSE {values['rmse']:.4f}  of {values['n']:.0f}"
                f"  (CCC with mixed moments, as Emotion-GCN's: {values['ccc_mixed_moments']:.4f})"
            )
        return "\n".join([*lines, *class_table(self.classes, self.confusion)])


def classification_report(
    about: Mapping[str, Any],
    classes: Sequence[str],
    probabilities: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    *,
    affect: Mapping[str, Mapping[str, float]] | None = None,
    bootstrap_draws: int = 0,
    people: npt.NDArray[np.generic] | None = None,
) -> ClassificationReport:
    """All figures of one run.

    Args:
        probabilities, labels: shapes (N, C) and (N,), in the order of `classes`.
        affect: see `affect_figures`.
        bootstrap_draws: for intervals; 0 gives none.
        people: whose face each is, for the intervals, see `metrics.bootstrap_interval`. Of one person there are none: how much
            another one would differ, no number of that person's faces can tell.

    Raises:
        ShapeError: shapes do not fit, or N is 0.
    """
    metrics = {"war": accuracy, "uar": mean_recall, "ece": expected_calibration_error}
    intervals = {}
    if bootstrap_draws and (people is None or len(np.unique(people)) > 1):
        intervals = {
            name: bootstrap_interval(m, probabilities, labels, draws=bootstrap_draws, people=people)
            for name, m in metrics.items()
        }
    return ClassificationReport(
        about=about,
        classes=tuple(classes),
        n=len(labels),
        war=accuracy(probabilities, labels),
        uar=mean_recall(probabilities, labels),
        ece=expected_calibration_error(probabilities, labels),
        confusion=confusion_matrix(probabilities, labels),
        affect=affect or {},
        intervals=intervals,
    )


def affect_figures(predicted: npt.NDArray[np.floating], known: npt.NDArray[np.floating]) -> dict[str, dict[str, float]]:
    """CCC, RMSE and the number of faces, of valence and of arousal.

    Args:
        predicted, known: shape (N, 2); `known` is nan where a face has no label, and that face is left out.

    Returns:
        By name; empty where fewer than two faces have labels.

    Raises:
        ShapeError: shapes differ, or a prediction is not finite.
    """
    figures = {}
    for name, p, t in zip(AFFECT_NAMES, predicted.T, known.T, strict=True):
        has = np.isfinite(t)
        if has.sum() >= 2:
            figures[name] = {
                "n": int(has.sum()),
                "ccc": concordance(p[has], t[has]),
                "ccc_mixed_moments": concordance_mixed_moments(p[has], t[has]),
                "rmse": root_mean_square_error(p[has], t[has]),
            }
    return figures


def class_table(classes: Sequence[str], confusion: npt.NDArray[np.integer]) -> list[str]:
    """Lines of precision, recall, F1 and faces by class; a dash where there is no figure."""
    figures = class_figures(confusion)
    width = max(map(len, classes))
    lines = [f"  {'':<{width}}  precision  recall      F1  faces"]
    for row, name in enumerate(classes):
        p, r, f = (_shown(values[row]) for values in figures)
        lines.append(f"  {name:<{width}}  {p:>9}  {r:>6}  {f:>6}  {confusion[row].sum():>5}")
    return lines


def named(classes: Sequence[str], values: npt.NDArray[np.floating]) -> dict[str, float | None]:
    """By class; rounded, None for nan."""
    return dict(zip(classes, map(rounded, values.tolist()), strict=True))


def rounded(value: float) -> float | None:
    """To 4 digits; None for nan, which JSON does not know."""
    return None if np.isnan(value) else round(value, DIGITS)


def _shown(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.4f}"
