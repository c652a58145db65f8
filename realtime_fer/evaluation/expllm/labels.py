"""ExpLLM's published test: one word a face, right only if it is the label in its own spelling."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.metrics import accuracy, bootstrap_interval, class_figures, confusion_matrix, mean_recall
from realtime_fer.networks.expllm.answer import label_of
from realtime_fer.networks.expllm.metrics import score_labels
from realtime_fer.networks.expllm.prompts import LABELS

PROTOCOLS: Final = {"raf-db-7": LABELS[:7], "affectnet-kaggle-8": LABELS}
"""Labels that may be true. The network may answer with any of its eight, whichever the test."""

ANSWERS: Final = (*LABELS, "not a label")
DIGITS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class ExpLlmReport:
    """What came out.

    Attributes:
        about: protocol, weights, records.
        n, accuracy, not_a_label: as the authors' evaluation counts; what is no label is wrong.
        uar: mean recall of the classes that have a face.
        confusion: int64 (9, 9), rows true, columns answered, in the order of `ANSWERS`; the last row is empty.
        intervals: 95 % bootstrap intervals of `war` and `uar`; empty if none were asked for.
    """

    about: Mapping[str, Any]
    n: int
    accuracy: float
    not_a_label: int
    uar: float
    confusion: npt.NDArray[np.int64]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def as_json(self) -> str:
        """One line."""
        figures = class_figures(self.confusion)
        return json.dumps(
            {
                **self.about,
                "n": self.n,
                "war": round(self.accuracy, DIGITS),
                "uar": round(self.uar, DIGITS),
                "not_a_label": self.not_a_label,
                "per_class": {name: value for name, value in _named(figures.recall).items() if value is not None},
                "precision": _named(figures.precision),
                "f1": _named(figures.f1),
                "support": dict(zip(ANSWERS, self.confusion.sum(axis=1).tolist(), strict=True)),
                "confusion": self.confusion.tolist(),
                "intervals": {name: [round(edge, DIGITS) for edge in edges] for name, edges in self.intervals.items()},
            }
        )

    def as_text(self) -> str:
        """The same for people."""
        lines = [f"{self.about['protocol']}, n = {self.n}; {self.not_a_label} answers are no label and count as wrong"]
        for name, value in (("WAR", self.accuracy), ("UAR", self.uar)):
            edges = self.intervals.get(name.lower())
            between = "" if edges is None else f"  (95 % bootstrap interval {edges[0]:.4f} to {edges[1]:.4f})"
            lines.append(f"  {name}  {value:.4f}{between}")
        recalls, support = class_figures(self.confusion).recall, self.confusion.sum(axis=1)
        lines += [f"  recall {name:<10} {recalls[k]:.4f}  of {support[k]}" for k, name in enumerate(ANSWERS) if support[k]]
        return "\n".join(lines)


def require_labels(labels: Sequence[str | None], protocol: str, what: str) -> None:
    """Raise DatasetError unless every label may be true in this test."""
    allowed = PROTOCOLS[protocol]
    wrong = [label for label in labels if label not in allowed]
    if wrong:
        found = f"{len(wrong)} others ({wrong[0] or 'a record without one'})"
        raise DatasetError(f"{what}: expected labels of {protocol} ({', '.join(allowed)}), found {found}")


def expllm_report(
    answers: Sequence[str], truth: Sequence[str], protocol: str, about: Mapping[str, Any], bootstrap_draws: int = 0
) -> ExpLlmReport:
    """Score answers as they were written.

    Raises:
        ShapeError: lengths that differ, or none.
        DatasetError: a true label is none of the protocol.
    """
    require_labels(truth, protocol, "truth")
    score = score_labels(answers, truth)
    words = [label_of(answer) for answer in answers]
    # What is no label stands in the last column, which is never true.
    chosen = np.eye(len(ANSWERS))[[len(LABELS) if word is None else LABELS.index(word) for word in words]]
    labels = np.array([LABELS.index(label) for label in truth])
    metrics = (("war", accuracy), ("uar", mean_recall))
    return ExpLlmReport(
        about={"protocol": protocol, **about},
        n=score.total,
        accuracy=score.accuracy,
        not_a_label=score.not_a_label,
        uar=mean_recall(chosen, labels),
        confusion=confusion_matrix(chosen, labels),
        intervals={
            name: bootstrap_interval(metric, chosen, labels, draws=bootstrap_draws)
            for name, metric in metrics
            if bootstrap_draws
        },
    )


def _named(values: npt.NDArray[np.float64]) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else round(float(value), DIGITS) for name, value in zip(ANSWERS, values, strict=True)}
