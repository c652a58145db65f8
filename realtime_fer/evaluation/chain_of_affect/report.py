"""The figures of a test of Chain-of-Affect, for people, programs, and as a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.evaluation.chain_of_affect.protocol import NO_LABEL, ChainAnswers, ChainCase, ChainProtocol
from realtime_fer.evaluation.metrics import accuracy, bootstrap_interval, mean_recall

DIGITS: Final = 4
SHOWN: Final = 10
"""Unmatched answers in the text; the JSON has all."""


@dataclass(frozen=True, slots=True, eq=False)
class ChainReport:
    """What came out.

    Attributes:
        protocol: which test.
        test: what was asked of which model, as in the file of answers.
        n: pictures.
        war, uar: accuracy, and mean recall over the classes that have a picture.
        per_class: recall by class; nan for a class without a picture.
        support: pictures of each class.
        confusion: int64 (classes, classes + others): rows true, columns what the answers amount to.
        intervals: 95 % bootstrap intervals of `war` and `uar`; empty if none were asked for.
        unmatched: pictures whose answers hold one that is no label, with those answers.
    """

    protocol: ChainProtocol
    test: Mapping[str, Any]
    n: int
    war: float
    uar: float
    per_class: Mapping[str, float]
    support: Mapping[str, int]
    confusion: npt.NDArray[np.int64]
    intervals: Mapping[str, tuple[float, float]]
    unmatched: Sequence[tuple[ChainCase, ChainAnswers]]

    def as_json(self) -> str:
        """One line; figures rounded to 4 digits, null where there was no picture."""
        protocol = self.protocol
        return json.dumps(
            {
                "protocol": protocol.name,
                "test": dict(self.test),
                "n": self.n,
                "war": round(self.war, DIGITS),
                "uar": round(self.uar, DIGITS),
                "per_class": {k: None if np.isnan(v) else round(v, DIGITS) for k, v in self.per_class.items()},
                "support": dict(self.support),
                "confusion": self.confusion.tolist(),
                "confusion_rows": list(protocol.classes),
                "confusion_columns": [*protocol.classes, *protocol.others],
                "intervals": {k: [round(low, DIGITS), round(high, DIGITS)] for k, (low, high) in self.intervals.items()},
                "unmatched": {
                    "n": len(self.unmatched),
                    "answers": [
                        {"image": case.image, "truth": case.truth, "first": answers.first, "second": answers.second}
                        for case, answers in self.unmatched
                    ],
                },
            },
            ensure_ascii=False,
        )

    def as_text(self) -> str:
        """The same for people; of the confusion only what is no class."""
        lines = [f"{self.protocol.name}, n = {self.n}"]
        for figure, value in (("UAR", self.uar), ("WAR", self.war)):
            low, high = self.intervals.get(figure.lower(), (float("nan"), float("nan")))
            between = f"  (95 % bootstrap interval {low:.4f} to {high:.4f})" if self.intervals else ""
            lines.append(f"  {figure}  {value:.4f}{between}")
        lines += [f"  recall {k:<21} {v:.4f}  of {self.support[k]}" for k, v in self.per_class.items()]
        columns = len(self.protocol.classes)
        for name, count in zip(self.protocol.others, self.confusion[:, columns:].sum(axis=0), strict=True):
            lines.append(f"  {name + ':':<14} {count}")
        for case, answers in self.unmatched[:SHOWN]:
            second = "" if answers.second is None else f", then {answers.second[:60]!r}"
            lines.append(f"  no label: {case.image} ({case.truth}): {answers.first[:60]!r}{second}")
        if len(self.unmatched) > SHOWN:
            lines.append(f"  no label: and {len(self.unmatched) - SHOWN} more, all in report.json")
        return "\n".join(lines)


def chain_report(
    protocol: ChainProtocol,
    answered: Sequence[tuple[ChainCase, ChainAnswers]],
    test: Mapping[str, Any],
    bootstrap_draws: int = 0,
) -> ChainReport:
    """All figures of one test, by scikit-learn.

    Args:
        answered: at least one picture.
        test: for the report.
        bootstrap_draws: for intervals; 0 gives none.

    Raises:
        ShapeError: nothing was answered, or a true class is unknown.
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.metrics import accuracy_score, confusion_matrix, recall_score
    except ImportError as error:
        raise missing_extra("scoring Chain-of-Affect", "train", error) from error
    classes, columns = list(protocol.classes), [*protocol.classes, *protocol.others]
    truth = [case.truth for case, _ in answered]
    found = [protocol.outcome(answers) for _, answers in answered]
    if not answered or not set(truth) <= set(classes):
        raise ShapeError(f"{protocol.name}: expected answers on its {len(classes)} classes, found {sorted(set(truth))}")
    present = [label for label in classes if label in truth]
    recalls = dict(
        zip(present, recall_score(truth, found, labels=present, average=None, zero_division=0.0).tolist(), strict=True)
    )
    intervals = {}
    if bootstrap_draws:
        # The columns that are no class never hold a true one, and are left out of the mean.
        chosen = np.eye(len(columns))[[columns.index(name) for name in found]]
        numbers = np.array([classes.index(name) for name in truth])
        for name, metric in (("war", accuracy), ("uar", mean_recall)):
            intervals[name] = bootstrap_interval(metric, chosen, numbers, draws=bootstrap_draws)
    return ChainReport(
        protocol=protocol,
        test=test,
        n=len(answered),
        war=float(accuracy_score(truth, found)),
        uar=float(recall_score(truth, found, labels=present, average="macro", zero_division=0.0)),
        per_class={label: recalls.get(label, float("nan")) for label in classes},
        support={label: truth.count(label) for label in classes},
        confusion=confusion_matrix(truth, found, labels=columns)[: len(classes)].astype(np.int64),
        intervals=intervals,
        unmatched=[pair for pair, outcome in zip(answered, found, strict=True) if outcome == NO_LABEL],
    )


def draw_chain_confusion(report: ChainReport, path: Path) -> None:
    """The confusion as a PNG: shares of each true class in colour, counts in numbers.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing_extra("drawing the confusion", "train", error) from error
    classes, counts = report.protocol.classes, report.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    height, width = 1.6 + 0.5 * counts.shape[0], 2.6 + 0.55 * counts.shape[1]
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(counts.shape[1]), [*classes, *report.protocol.others], rotation=40, ha="right")
    axes.set_yticks(range(len(classes)), [f"{name} ({report.support[name]})" for name in classes])
    axes.axvline(len(classes) - 0.5, color="black", linewidth=1)
    axes.set(
        xlabel="what the answers amount to",
        ylabel="true class",
        title=f"{report.protocol.name}, n = {report.n}, UAR {report.uar:.3f}, WAR {report.war:.3f}",
    )
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
    figure.savefig(path, dpi=110)
