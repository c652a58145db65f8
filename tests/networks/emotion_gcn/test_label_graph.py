from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.networks.emotion_gcn.label_graph import label_adjacency, label_correlations


def correlations() -> np.ndarray:
    """Every expression goes with valence, some with arousal; sign does not matter, and 0.1 itself is enough."""
    matrix = np.full((9, 9), 0.05) + 0.95 * np.eye(9)
    matrix[:7, :7] -= 0.9 * (1 - np.eye(7))
    for row, column, value in [*((i, 7, 0.3) for i in range(6)), (6, 7, -0.1), (0, 8, -0.5), (3, 8, 0.09)]:
        matrix[row, column] = matrix[column, row] = value
    return matrix


def test_half_stays_and_the_neighbours_share_the_rest() -> None:
    adjacency = label_adjacency(correlations())
    assert adjacency.diagonal().tolist() == [0.5] * 9
    assert adjacency.sum(axis=1) == pytest.approx(np.ones(9))
    assert adjacency[0, 7:].tolist() == [0.25, 0.25]
    assert adjacency[3, 7:].tolist() == [0.5, 0]
    assert adjacency[7, :7] == pytest.approx(np.full(7, 1 / 14))
    assert adjacency[8, 0] == 0.5
    assert (adjacency[:7, :7] == 0.5 * np.eye(7)).all()


def test_an_output_without_an_edge() -> None:
    matrix = correlations()
    matrix[2, 7] = matrix[7, 2] = 0
    with pytest.raises(ShapeError, match=r"outputs \[2\] of 9.*take more faces"):
        label_adjacency(matrix)
    with pytest.raises(ShapeError, match=r"\(9, 9\)"):
        label_adjacency(np.eye(9)[:8])


def test_another_number_of_expressions() -> None:
    rng = np.random.default_rng(0)
    expressions = np.concatenate([np.arange(8), rng.integers(0, 8, 200)])
    affect = np.stack([expressions % 3 - 1.0, expressions % 4 / 2 - 1.0], axis=1) + rng.normal(0, 0.1, (208, 2))
    adjacency = label_adjacency(label_correlations(expressions, affect, 8))
    assert adjacency.shape == (10, 10)
    assert (adjacency[:8, :8] == 0.5 * np.eye(8)).all()
    assert adjacency.sum(axis=1) == pytest.approx(np.ones(10))


def test_correlations_are_of_ranks() -> None:
    rng = np.random.default_rng(0)
    expressions = np.concatenate([np.arange(7), rng.integers(0, 7, 200)])
    affect = rng.normal(size=(207, 2))
    affect[:, 1] = np.exp(3 * affect[:, 0])
    found = label_correlations(expressions, affect)
    assert found[7, 8] == pytest.approx(1)
    assert found[0, 1] == pytest.approx(np.corrcoef(expressions == 0, expressions == 1)[0, 1])
    assert found == pytest.approx(found.T)


@pytest.mark.parametrize("expressions", [np.arange(6), np.arange(8), np.arange(14).reshape(7, 2)])
def test_labels_of_another_form(expressions: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="expressions"):
        label_correlations(expressions, np.zeros((len(expressions), 2)))


def test_affect_that_never_changes() -> None:
    affect = np.random.default_rng(0).normal(size=(21, 2))
    affect[:, 1] = 0.5
    with pytest.raises(ShapeError, match=r"valence and arousal: expected values that differ from face to face.*21 faces"):
        label_correlations(np.arange(21) % 7, affect)
