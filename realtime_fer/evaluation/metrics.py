"""Figures of a classifier: accuracy, recall and precision of each class, calibration, and how sure one can be of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ShapeError

ECE_BINS = 15
BOOTSTRAP_DRAWS = 2000
CONFIDENCE_LEVEL = 0.95

Probabilities = npt.NDArray[np.floating]
Classes = npt.NDArray[np.integer]
Metric = Callable[[Probabilities, Classes], float]


def accuracy(probabilities: Probabilities, labels: Classes) -> float:
    """WAR, the share of faces whose most probable class is theirs.

    Shapes: probabilities (N, C), labels (N,) in 0..C-1.

    Raises:
        ShapeError: shapes do not fit, N is 0, or a label is out of range.
    """
    _require(probabilities, labels)
    return float((probabilities.argmax(axis=1) == labels).mean())


def class_recalls(probabilities: Probabilities, labels: Classes) -> npt.NDArray[np.float64]:
    """Share of each class's faces that are recognised, shape (C,); nan for a class without a face.

    Raises:
        ShapeError: as `accuracy`.
    """
    _require(probabilities, labels)
    classes = probabilities.shape[1]
    right = labels[probabilities.argmax(axis=1) == labels]
    found, total = np.bincount(right, minlength=classes), np.bincount(labels, minlength=classes)
    return _share(found, total)


def mean_recall(probabilities: Probabilities, labels: Classes) -> float:
    """UAR, the unweighted mean of the recalls of the classes that have a face.

    Raises:
        ShapeError: as `accuracy`.
    """
    return float(np.nanmean(class_recalls(probabilities, labels)))


def expected_calibration_error(probabilities: Probabilities, labels: Classes, bins: int = ECE_BINS) -> float:
    """ECE = sum over bins of (faces in the bin / N) |accuracy in it - mean top probability in it|.

    Bins are of equal width over the top probability, (0, 1/bins], (1/bins, 2/bins], ...

    Raises:
        ShapeError: as `accuracy`.

    Source: Guo et al., ICML 2017, equation 3; Naeini et al., AAAI 2015.
    """
    _require(probabilities, labels)
    top = probabilities.max(axis=1).astype(np.float64)
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    which = np.clip(np.ceil(top * bins).astype(np.int64) - 1, 0, bins - 1)
    # Within a bin, (accuracy - confidence) times its count is the difference of the sums.
    gaps = np.abs(np.bincount(which, right, bins) - np.bincount(which, top, bins))
    return float(gaps.sum() / len(labels))


def confusion_matrix(probabilities: Probabilities, labels: Classes) -> npt.NDArray[np.int64]:
    """Counts, int64 (C, C): row the true class, column the most probable one.

    Raises:
        ShapeError: as `accuracy`.
    """
    _require(probabilities, labels)
    classes = probabilities.shape[1]
    cells = labels.astype(np.int64) * classes + probabilities.argmax(axis=1)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


class ClassFigures(NamedTuple):
    """What a confusion says about each class; all float64 (C,) in [0, 1].

    Attributes:
        precision: of the faces seen as the class, the share that are of it; nan where none was seen so.
        recall: of the class's faces, the share seen as it; nan for a class without a face.
        f1: harmonic mean of both, 2 hits / (2 hits + misses + false alarms); nan where there is nothing of either.
    """

    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]
    f1: npt.NDArray[np.float64]


def class_figures(confusion: npt.NDArray[np.integer]) -> ClassFigures:
    """Precision, recall and F1 of each class of a confusion matrix (C, C), rows true, columns seen.

    As scikit-learn's `precision_recall_fscore_support` with `zero_division=nan`.

    Raises:
        ShapeError: the matrix is not square, or a count is negative.
    """
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1] or (confusion < 0).any():
        raise ShapeError(
            f"confusion: expected counts of shape (C, C), found {confusion.shape}; negative: {(confusion < 0).any()}"
        )
    hits, true, seen = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return ClassFigures(_share(hits, seen), _share(hits, true), _share(2 * hits, true + seen))


def bootstrap_interval(
    metric: Metric,
    probabilities: Probabilities,
    labels: Classes,
    *,
    draws: int = BOOTSTRAP_DRAWS,
    level: float = CONFIDENCE_LEVEL,
    seed: int = 0,
    people: npt.NDArray[np.generic] | None = None,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a metric over the faces.

    Says how far the figure may move with another sample of as many such faces; not what happens on other faces.

    Args:
        people: whose face each is, shape (N,). People are then drawn, each with all faces: pictures of one person, or of
            one sequence, say much the same, and drawing them one by one would promise too much.

    Raises:
        ShapeError: as `accuracy`; `people` has another length.

    Source: Efron, Annals of Statistics 7(1), 1979.
    """
    _require(probabilities, labels)
    if people is not None and people.shape != labels.shape:
        raise ShapeError(f"bootstrap: expected one person for each of {len(labels)} faces, found {people.shape}")
    rng = np.random.default_rng(seed)
    whose = None if people is None else _rows_of_each(people)
    values = []
    for _ in range(draws):
        if whose is None:
            rows = rng.integers(0, len(labels), len(labels))
        else:
            rows = np.concatenate([whose[person] for person in rng.integers(0, len(whose), len(whose))])
        values.append(metric(probabilities[rows], labels[rows]))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _rows_of_each(people: npt.NDArray[np.generic]) -> list[npt.NDArray[np.intp]]:
    _, person = np.unique(people, return_inverse=True)
    return np.split(np.argsort(person, kind="stable"), np.cumsum(np.bincount(person))[:-1])


def _share(part: npt.NDArray[np.integer], whole: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _require(probabilities: Probabilities, labels: Classes) -> None:
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or len(labels) == 0:
        raise ShapeError(f"metric: expected probabilities (N, C) and labels (N,), found {probabilities.shape}, {labels.shape}")
    if not np.isfinite(probabilities).all():
        raise ShapeError("metric: expected finite probabilities, found others; is the model's file whole?")
    if labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise ShapeError(f"metric: labels must lie in 0..{probabilities.shape[1] - 1}, found {labels.min()}..{labels.max()}")
