"""The graph over expression classes that generates an Emotion-GCN's classifier.

Source: Chen et al., "Multi-Label Image Recognition with Graph Convolutional Networks", CVPR 2019 (threshold and
re-weighting), as used by Antoniadis et al., "Exploiting Emotional Dependencies with Graph Convolutional Networks
for Facial Expression Recognition", FG 2021. There edges come from correlations of labels; here from crowd votes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ShapeError

EDGE_THRESHOLD = 0.1
"""Weaker conditional co-occurrences are taken as noise and give no edge."""

SELF_WEIGHT = 0.5
"""What a class keeps of itself in each step; the rest is spread evenly over its neighbours."""

Matrix = npt.NDArray[np.float64]


def label_adjacency(cooccurrence: Matrix, threshold: float = EDGE_THRESHOLD, self_weight: float = SELF_WEIGHT) -> Matrix:
    """Re-weighted adjacency A of the label graph; row i holds what node i takes from each node.

        B_ij = 1 where P(j | i) >= threshold and i != j, else 0
        A_ij = (1 - self_weight) B_ij / sum_k B_ik,   A_ii = self_weight (1 for a node without neighbours)

    Args:
        cooccurrence: P(j | i), float64, shape (C, C).

    Raises:
        ShapeError: `cooccurrence` is not square.
    """
    _require_square(cooccurrence)
    edges = (cooccurrence >= threshold).astype(np.float64)
    np.fill_diagonal(edges, 0)
    neighbours = edges.sum(axis=1, keepdims=True)
    adjacency = (1 - self_weight) * edges / np.maximum(neighbours, 1)
    np.fill_diagonal(adjacency, np.where(neighbours[:, 0] > 0, self_weight, 1.0))
    return np.asarray(adjacency)


def normalised_adjacency(adjacency: Matrix) -> Matrix:
    """D^-1/2 A D^-1/2 with D the row sums of A: the matrix each graph layer multiplies by. Shape (C, C).

    Raises:
        ShapeError: `adjacency` is not square.
    """
    _require_square(adjacency)
    scale = 1 / np.sqrt(adjacency.sum(axis=1))
    return np.asarray(scale[:, None] * adjacency * scale[None, :])


def _require_square(matrix: Matrix) -> None:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeError(f"label graph: expected a square matrix, found shape {matrix.shape}")
