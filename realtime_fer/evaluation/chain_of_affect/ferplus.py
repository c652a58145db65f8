"""Score a chain model's answers about FER+ faces against the crowd's votes.

    first question    the majority protocol of `ferplus_protocol`, eight classes
    second question   named the true first emotion; the crowd's second one, or none (see `datasets.ferplus_pairs`)
    the chain         the second question names the model's own first answer; both right, and what both amount to
    a wrong word      the second question names an emotion that is not the first one: whoever reads it answers with the true one

`realtime-fer evaluate chain-of-affect-tiny --data FILE.npz --protocol ferplus-chain --json` calls `evaluate_ferplus_chain`;
the last line it prints is `ChainReport.as_json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.ferplus import NOT_COUNTED, load_ferplus, majority_labels
from realtime_fer.datasets.ferplus_pairs import NO_SECOND, secondary_labels
from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.chain_of_affect.ferplus_answers import CHAIN_CLASSES, ChainAnswers, ask_all
from realtime_fer.evaluation.classification_report import DIGITS
from realtime_fer.evaluation.ferplus_protocol import MajorityReport, majority_report
from realtime_fer.evaluation.metrics import (
    accuracy,
    bootstrap_interval,
    class_recalls,
    expected_calibration_error,
    mean_recall,
)
from realtime_fer.reasoning.chain_of_affect.compound_labels import compound_label
from realtime_fer.reasoning.chain_of_affect.label_set import ChainLabels, ferplus_columns
from realtime_fer.reasoning.chain_of_affect.model import ChainModel

PROTOCOL: Final = "ferplus-chain"

Classes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ChainReport:
    """All figures of one run.

    Attributes:
        primary: the first question.
        secondary: the second: `n`, `accuracy`, `uar`, `ece`; `baseline_accuracy` and `baseline_uar` of the best rule that knows
            the true first emotion alone, fitted on these very faces; `gain`, what the model has more in accuracy;
            `none_said`, how often it says that there is none.
        per_second, second_support: recall and faces by second class; nan for a class without a face.
        chain: `both_right`; `compound`, the share where both answers amount to what the crowd's do; `compound_told_first`, the
            same where the model is told the true first emotion, and `baseline_compound`, where the rule is.
        words: `as_chosen`, see `ChainAnswers`; and of the answers to a question that names a wrong emotion, how many repeat it
            (`repeats_wrong`) and how many name the true first one instead (`corrects_wrong`).
        intervals: 95 % bootstrap intervals by name, of the second question's and the chain's figures; empty if none were asked
            for.
    """

    primary: MajorityReport
    secondary: Mapping[str, float]
    per_second: Mapping[str, float]
    second_support: Mapping[str, int]
    chain: Mapping[str, float]
    words: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]

    def as_json(self) -> str:
        """One line: what `MajorityReport.as_json` says of the first question, and `secondary`, `chain`, `words` beside it."""
        rows: dict[str, Any] = json.loads(self.primary.as_json())
        rows["protocol"] = PROTOCOL
        recalls = {"per_class": _rounded(self.per_second), "support": dict(self.second_support)}
        rows["secondary"] = {**_rounded(self.secondary), **recalls}
        rows["chain"], rows["words"] = _rounded(self.chain), _rounded(self.words)
        rows["intervals"] |= {name: [round(low, DIGITS), round(high, DIGITS)] for name, (low, high) in self.intervals.items()}
        return json.dumps(rows)


def evaluate_ferplus_chain(
    model: ChainModel,
    labels: ChainLabels,
    data: Path,
    *,
    bootstrap_draws: int = 0,
    progress: Callable[[str], None] | None = None,
) -> ChainReport:
    """Ask a model about the faces of an npz file that count under the majority protocol.

    Args:
        model, labels, progress: see `ask_all`.
        bootstrap_draws: for intervals; 0 gives none.

    Raises:
        DatasetError: the file cannot be used, or no face counts.
    """
    faces = load_ferplus(data)
    primary = majority_labels(faces.votes)
    counted = np.flatnonzero(primary != NOT_COUNTED)
    secondary = secondary_labels(faces.votes)[counted]
    if not (secondary != NOT_COUNTED).any():
        raise DatasetError(f"{data}: expected faces that count under {PROTOCOL}, found none among {len(faces)}")
    answers = ask_all(model, labels, faces.images[counted], primary[counted], progress)
    return chain_report(answers, primary[counted], secondary, labels, bootstrap_draws)


def chain_report(
    answers: ChainAnswers, primary: Classes, secondary: Classes, labels: ChainLabels, bootstrap_draws: int = 0
) -> ChainReport:
    """All figures; primary (N,) in 0..7, secondary (N,) in 0..8 or `NOT_COUNTED`."""
    told = secondary != NOT_COUNTED
    first, second = primary[told], secondary[told]
    shares, base = answers.second[told], prior_only(first, second)
    own_first, own_second = answers.first[told].argmax(axis=1), answers.own_second[told].argmax(axis=1)
    named = _Names(labels)
    true_names = named.of(first, second)
    right = {
        "both_right": (own_first == first) & (own_second == second),
        "compound": named.of(own_first, own_second) == true_names,
        "compound_told_first": named.of(first, shares.argmax(axis=1)) == true_names,
        "baseline_compound": named.of(first, base.argmax(axis=1)) == true_names,
        "gain": (shares.argmax(axis=1) == second).astype(np.float64) - (base.argmax(axis=1) == second),
    }
    means = {name: float(values.mean()) for name, values in right.items()}
    intervals: dict[str, tuple[float, float]] = {}
    if bootstrap_draws:
        for name, metric, rows in (
            ("secondary_accuracy", accuracy, shares),
            ("secondary_uar", mean_recall, shares),
            ("baseline_accuracy", accuracy, base),
            ("baseline_uar", mean_recall, base),
        ):
            intervals[name] = bootstrap_interval(metric, rows, second, draws=bootstrap_draws)
        for name, values in right.items():
            # A share is the accuracy of a yes and a no; a gain is between -1 and 1, so it is drawn as it is.
            intervals[name] = _interval(values, bootstrap_draws)
    support = np.bincount(second, minlength=len(CHAIN_CLASSES))
    return ChainReport(
        primary=majority_report(answers.first, primary, bootstrap_draws),
        secondary={
            "n": len(second),
            "accuracy": accuracy(shares, second),
            "uar": mean_recall(shares, second),
            "ece": expected_calibration_error(shares, second),
            "baseline_accuracy": accuracy(base, second),
            "baseline_uar": mean_recall(base, second),
            "gain": means.pop("gain"),
            "none_said": float((shares.argmax(axis=1) == NO_SECOND).mean()),
        },
        per_second=dict(zip(CHAIN_CLASSES, map(float, class_recalls(shares, second)), strict=True)),
        second_support=dict(zip(CHAIN_CLASSES, map(int, support), strict=True)),
        chain=means,
        words={
            "as_chosen": answers.as_chosen,
            "repeats_wrong": float((answers.corrected == answers.told_wrong).mean()),
            "corrects_wrong": float((answers.corrected == primary).mean()),
        },
        intervals=intervals,
    )


def prior_only(primary: Classes, secondary: Classes) -> npt.NDArray[np.float64]:
    """The most frequent second emotion of each first one, fitted on these faces themselves: no such rule does better.

    Returns:
        One-hot rows, float64 (N, 9).
    """
    counts = np.zeros((len(CHAIN_CLASSES), len(CHAIN_CLASSES)), np.int64)
    np.add.at(counts, (primary, secondary), 1)
    return np.asarray(np.eye(len(CHAIN_CLASSES))[counts.argmax(axis=1)[primary]])


class _Names:
    """What two answers amount to, by FER+'s numbers."""

    def __init__(self, labels: ChainLabels) -> None:
        self._labels = labels
        columns = [*ferplus_columns(labels.first), len(labels.first)]
        self._label_of = dict(zip(columns, labels.every, strict=True))

    def of(self, first: Classes, second: Classes) -> npt.NDArray[np.str_]:
        """Names of N pairs."""
        pairs = zip(first.tolist(), second.tolist(), strict=True)
        return np.array([str(compound_label(self._label_of[a], self._label_of[b], self._labels).name) for a, b in pairs])


def _interval(values: npt.NDArray[np.generic], draws: int) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    means = [np.asarray(values, np.float64)[rng.integers(0, len(values), len(values))].mean() for _ in range(draws)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _rounded(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else round(value, DIGITS) for name, value in figures.items()}
