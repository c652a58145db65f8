from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.networks.label_graph import label_adjacency, normalised_adjacency

COOCCURRENCE = np.array([[1.0, 0.3, 0.2, 0.0], [0.5, 1.0, 0.05, 0.0], [0.09, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])


def test_weak_edges_are_cut_and_the_rest_shares_half() -> None:
    adjacency = label_adjacency(COOCCURRENCE, threshold=0.1, self_weight=0.5)
    assert adjacency[0].tolist() == [0.5, 0.25, 0.25, 0]
    assert adjacency[1].tolist() == [0.5, 0.5, 0, 0]


def test_a_node_without_neighbours_keeps_all_of_itself() -> None:
    adjacency = label_adjacency(COOCCURRENCE)
    assert adjacency[2].tolist() == [0, 0, 1, 0]
    assert adjacency.sum(axis=1).tolist() == [1, 1, 1, 1]


def test_the_threshold_decides_about_an_edge() -> None:
    assert label_adjacency(COOCCURRENCE, threshold=0.05)[2, 0] == 0.5


def test_normalisation_divides_by_both_degrees() -> None:
    matrix = np.array([[1.0, 3.0], [0.0, 16.0]])
    assert normalised_adjacency(matrix) == pytest.approx(np.array([[1 / 4, 3 / 8], [0, 1]]))


def test_a_row_stochastic_adjacency_is_already_normalised() -> None:
    adjacency = label_adjacency(COOCCURRENCE)
    assert normalised_adjacency(adjacency) == pytest.approx(adjacency)


def test_only_square_matrices() -> None:
    with pytest.raises(ShapeError, match="square"):
        label_adjacency(np.zeros((2, 3)))
    with pytest.raises(ShapeError, match="square"):
        normalised_adjacency(np.zeros(4))
