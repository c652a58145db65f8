"""A cross-validation in one table: fold by fold, the mean of the folds, and all faces together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realtime_fer.evaluation.classification_report import DIGITS, class_table, named, rounded
from realtime_fer.evaluation.fold_reports import FoldReport, require_one_validation
from realtime_fer.evaluation.metrics import class_figures


@dataclass(frozen=True, slots=True, eq=False)
class FoldTable:
    """Folds 0 to K - 1 of one validation, in order."""

    reports: tuple[FoldReport, ...]

    @property
    def mean(self) -> float:
        """Unweighted mean of the folds' accuracies: the figure that FMPN was published with."""
        return float(np.mean([report.accuracy for report in self.reports]))

    @property
    def deviation(self) -> float:
        """Standard deviation of the folds' accuracies, dividing by K - 1; nan of one fold."""
        accuracies = [report.accuracy for report in self.reports]
        return float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else float("nan")

    @property
    def pooled(self) -> float:
        """Accuracy over all faces together, each counting once."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def confusion(self) -> npt.NDArray[np.int64]:
        """Sum of the folds' confusions, int64 (C, C)."""
        return np.asarray(np.sum([report.confusion for report in self.reports], axis=0), np.int64)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the C classes."""
        return self.reports[0].classes

    @property
    def networks(self) -> int:
        """How many different weight files the folds were tested with."""
        return len({report.weights for report in self.reports})

    def as_json(self) -> str:
        """One line; figures rounded to 4 digits, null where there was no face."""
        figures, confusion = class_figures(self.confusion), self.confusion
        setting = self.reports[0].setting
        return json.dumps(
            {
                "protocol": "folds",
                "model": setting["model"],
                "model_precision": setting["precision"],  # `precision` is that of the classes, as in every report
                "data_set": setting["data set"],
                "part": setting["part"],
                "number_of_folds": self.reports[0].folds,
                "margin": float(setting["margin"]),
                "resize": setting["resize"],
                "networks": self.networks,
                "folds": [
                    {"fold": r.fold, "n": r.faces, "right": r.right, "war": round(r.accuracy, DIGITS)} for r in self.reports
                ],
                "n": int(confusion.sum()),
                "mean_of_folds": round(self.mean, DIGITS),
                "deviation_of_folds": rounded(self.deviation),
                "war": round(self.pooled, DIGITS),
                "uar": round(float(np.nanmean(figures.recall)), DIGITS),
                "f1_mean": rounded(float(np.nanmean(figures.f1))),
                "classes": list(self.classes),
                "per_class": named(self.classes, figures.recall),
                "precision": named(self.classes, figures.precision),
                "f1": named(self.classes, figures.f1),
                "support": dict(zip(self.classes, confusion.sum(axis=1).tolist(), strict=True)),
                "confusion": confusion.tolist(),
            },
            ensure_ascii=False,
        )

    def as_text(self) -> str:
        """The same for people: a Markdown table of the folds as published tables are, and one of the classes."""
        setting, uar = self.reports[0].setting, float(np.nanmean(class_figures(self.confusion).recall))
        cells = [[str(r.fold), f"{r.accuracy:.3f}", f"{r.right}/{r.faces}"] for r in self.reports]
        cells.append(["mean", f"{self.mean:.3f}", f"{np.trace(self.confusion)}/{self.confusion.sum()}"])
        names = ("fold", "accuracy", "right")
        rows = [f"| {' | '.join(row)} |" for row in ([name, *(cell[i] for cell in cells)] for i, name in enumerate(names))]
        rule = "|" + "---|" * (len(cells) + 1)
        networks = f"{self.networks} different networks"
        if self.networks == 1:
            networks = "one and the same network in all: no cross-validation unless it never saw any of these faces"
        return "\n".join(
            [
                f"{setting['model']} {setting['precision']}, {setting['data set']} {setting['part']}, {len(cells) - 1} folds, "
                + networks,
                "",
                rows[0],
                rule,
                *rows[1:],
                "",
                f"  mean of the folds   {self.mean:.2%}  (unweighted, as published; standard deviation {self.deviation:.2%})",
                f"  all faces together  {self.pooled:.2%}  of {self.confusion.sum()}; UAR {uar:.2%}",
                *class_table(self.classes, self.confusion),
            ]
        )


def fold_table(reports: Sequence[FoldReport], folds: int | None = None) -> FoldTable:
    """The table of some reports, see `fold_reports.require_one_validation` for arguments and errors."""
    return FoldTable(tuple(require_one_validation(reports, folds)))
