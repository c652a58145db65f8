from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.evaluation.metrics import (
    accuracy,
    bootstrap_interval,
    class_figures,
    class_recalls,
    confusion_matrix,
    expected_calibration_error,
    mean_recall,
)

PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.5, 0.4, 0.1], [0.4, 0.5, 0.1]])
LABELS = np.array([0, 1, 1, 1])


def random_case(n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.dirichlet(np.ones(5), n), rng.integers(0, 5, n)


def test_accuracy_and_recalls_of_a_case_worked_by_hand() -> None:
    assert accuracy(PROBABILITIES, LABELS) == 0.75
    recalls = class_recalls(PROBABILITIES, LABELS)
    assert recalls[:2].tolist() == pytest.approx([1, 2 / 3])
    assert np.isnan(recalls[2])
    assert mean_recall(PROBABILITIES, LABELS) == pytest.approx(5 / 6)


def test_confusion_has_true_classes_in_rows() -> None:
    assert confusion_matrix(PROBABILITIES, LABELS).tolist() == [[1, 0, 0], [1, 2, 0], [0, 0, 0]]


def test_recalls_are_the_diagonal_of_the_confusion() -> None:
    probabilities, labels = random_case()
    confusion = confusion_matrix(probabilities, labels)
    assert class_recalls(probabilities, labels) == pytest.approx(np.diag(confusion) / confusion.sum(axis=1))
    assert accuracy(probabilities, labels) == pytest.approx(np.trace(confusion) / confusion.sum())


def test_class_figures_of_a_case_worked_by_hand() -> None:
    figures = class_figures(np.array([[3, 1, 0], [2, 4, 0], [0, 0, 0]]))
    assert figures.precision.tolist() == pytest.approx([3 / 5, 4 / 5, np.nan], nan_ok=True)
    assert figures.recall.tolist() == pytest.approx([3 / 4, 4 / 6, np.nan], nan_ok=True)
    assert figures.f1.tolist() == pytest.approx([6 / 9, 8 / 11, np.nan], nan_ok=True)


@pytest.mark.parametrize("classes", [2, 5, 8])
def test_scikit_learn_agrees(classes: int) -> None:
    """On random answers, where one class is never seen and one has no face."""
    sklearn = pytest.importorskip("sklearn.metrics", reason="needs the train extra")
    rng = np.random.default_rng(classes)
    probabilities, labels = rng.dirichlet(np.ones(classes), 200), rng.integers(0, classes, 200)
    if classes > 2:
        probabilities[:, 0], labels[labels == 1] = 0, 2
    seen = probabilities.argmax(axis=1)
    confusion = confusion_matrix(probabilities, labels)
    assert (confusion == sklearn.confusion_matrix(labels, seen, labels=range(classes))).all()
    expected = sklearn.precision_recall_fscore_support(labels, seen, labels=range(classes), zero_division=np.nan)
    for ours, theirs in zip(class_figures(confusion), expected[:3], strict=True):
        assert ours == pytest.approx(theirs, abs=1e-12, nan_ok=True)
    assert accuracy(probabilities, labels) == pytest.approx(sklearn.accuracy_score(labels, seen), abs=1e-12)
    recalls = sklearn.recall_score(labels, seen, labels=np.unique(labels), average="macro", zero_division=0.0)
    assert mean_recall(probabilities, labels) == pytest.approx(recalls, abs=1e-12)


def test_a_confusion_must_be_one() -> None:
    with pytest.raises(ShapeError, match=r"found \(2, 3\)"):
        class_figures(np.zeros((2, 3), np.int64))
    with pytest.raises(ShapeError, match="negative: True"):
        class_figures(np.array([[1, -1], [0, 0]]))


def test_calibration_error_of_a_case_worked_by_hand() -> None:
    # Bins of width 1/15: 0.7 and 0.6 stand alone, the two of 0.5 share one of which half is right.
    assert expected_calibration_error(PROBABILITIES, LABELS) == pytest.approx((0.3 + 0.4 + 0.0) / 4)


def test_calibration_error_agrees_with_a_plain_loop_over_bins() -> None:
    probabilities, labels = random_case()
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    expected = 0.0
    for low in range(15):
        inside = (top > low / 15) & (top <= (low + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - top[inside].mean())
    assert expected_calibration_error(probabilities, labels) == pytest.approx(expected)


def test_certainty_counts_in_the_last_bin() -> None:
    assert expected_calibration_error(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])) == pytest.approx(0.5)


def test_bootstrap_interval_of_accuracy_has_the_binomial_width() -> None:
    rng = np.random.default_rng(0)
    right = rng.random(1000) < 0.8
    probabilities = np.where(right[:, None], [0.9, 0.1], [0.1, 0.9])
    low, high = bootstrap_interval(accuracy, probabilities, np.zeros(1000, np.int64), draws=500)
    assert low < right.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.8 * 0.2 / 1000), rel=0.15)


def test_bootstrap_is_the_same_again() -> None:
    probabilities, labels = random_case(100)
    first = bootstrap_interval(mean_recall, probabilities, labels, draws=20)
    assert bootstrap_interval(mean_recall, probabilities, labels, draws=20) == first


def test_drawing_people_is_wider_than_drawing_their_faces() -> None:
    """Fifty people with twenty faces each, all of them right or all of them wrong: fifty facts, not a thousand."""
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(50), 20)
    right = (rng.random(50) < 0.8)[people]
    probabilities = np.where(right[:, None], [0.9, 0.1], [0.1, 0.9])
    order = rng.permutation(1000)
    probabilities, people, labels = probabilities[order], people[order].astype(str), np.zeros(1000, np.int64)
    low, high = bootstrap_interval(accuracy, probabilities, labels, draws=500, people=people)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.8 * 0.2 / 50), rel=0.2)
    with pytest.raises(ShapeError, match="one person for each of 1000 faces"):
        bootstrap_interval(accuracy, probabilities, labels, people=people[:9])


def test_misfits_are_refused() -> None:
    with pytest.raises(ShapeError, match="labels"):
        accuracy(PROBABILITIES, LABELS[:3])
    with pytest.raises(ShapeError, match="found"):
        mean_recall(PROBABILITIES[:0], LABELS[:0])
    # The highest of nan and others is nan, whose class would pass for the answer.
    with pytest.raises(ShapeError, match="expected finite probabilities"):
        accuracy(np.where(PROBABILITIES.max() == PROBABILITIES, np.nan, PROBABILITIES), LABELS)
    with pytest.raises(ShapeError, match=r"0\.\.2"):
        expected_calibration_error(PROBABILITIES, LABELS + 2)
