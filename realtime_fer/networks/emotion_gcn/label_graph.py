"""The graph over the expressions, valence and arousal, from the correlations of a training set's labels.

Published with seven expressions; another number works alike.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from realtime_fer.errors import ShapeError

EXPRESSIONS: Final = 7
AFFECT: Final = 2
OUTPUTS: Final = EXPRESSIONS + AFFECT
"""Seven expressions, then valence, then arousal: the order of rows, columns and outputs everywhere."""

EDGE_THRESHOLD: Final = 0.1
"""A weaker absolute correlation gives no edge."""

SELF_WEIGHT: Final = 0.5
"""What a node keeps of itself; its neighbours share the rest."""

Matrix = npt.NDArray[np.float64]


def label_correlations(expressions: npt.NDArray[np.int64], valence_arousal: Matrix, classes: int = EXPRESSIONS) -> Matrix:
    """Spearman correlations of the labels over a training set.

    Args:
        expressions: class of each sample, int64, shape (N,), 0 to C - 1; every class occurs.
        valence_arousal: float64, shape (N, 2).
        classes: C; 7 as published.

    Returns:
        Symmetric, float64, shape (C + 2, C + 2), diagonal 1; an expression counts as 1 where it is the label and 0 elsewhere.

    Raises:
        ShapeError: shapes differ, or a class does not occur, or valence or arousal never changes (they would have no
            correlation).
    """
    if expressions.ndim != 1 or valence_arousal.shape != (len(expressions), 2):
        raise ShapeError(
            f"labels: expected expressions (N,) and valence_arousal (N, 2), found {expressions.shape}, {valence_arousal.shape}"
        )
    shown = expressions[:, None] == np.arange(classes)
    if not shown.any(axis=0).all() or not shown.any(axis=1).all():
        raise ShapeError(f"expressions: expected every class from 0 to {classes - 1}, found {np.unique(expressions).tolist()}")
    if not (np.ptp(valence_arousal, axis=0) > 0).all():
        raise ShapeError(
            f"valence and arousal: expected values that differ from face to face, found {np.ptp(valence_arousal, axis=0)} as "
            f"ranges over {len(expressions)} faces; without that there is no label graph"
        )
    return np.asarray(spearmanr(np.column_stack([shown, valence_arousal])).statistic)


def label_adjacency(correlations: Matrix) -> Matrix:
    """Adjacency A of the label graph; float64, shape (C + 2, C + 2), rows sum to 1; C is 7 as published.

        B_ij = 1 where |R_ij| >= 0.1 and i, j are not two different expressions, else 0
        A_ij = 0.5 B_ij / (sum_k B_ik - 1),   A_ii = 0.5

    Args:
        correlations: R, float64, shape (C + 2, C + 2), diagonal 1; valence and arousal come last.

    Raises:
        ShapeError: another shape, or an output without any edge: it would take its share from nobody.
    """
    if correlations.ndim != 2 or correlations.shape[0] != correlations.shape[1] or len(correlations) <= AFFECT:
        raise ShapeError(
            f"label correlations: expected a square matrix, {(OUTPUTS, OUTPUTS)} as published, found {correlations.shape}"
        )
    classes = len(correlations) - AFFECT
    edges = np.abs(correlations) >= EDGE_THRESHOLD
    # Expressions exclude each other in the labels; only what they have in common with valence and arousal counts.
    edges[:classes, :classes] = False
    np.fill_diagonal(edges, False)
    neighbours = edges.sum(axis=1, keepdims=True)
    if not neighbours.all():
        lonely = np.flatnonzero(neighbours[:, 0] == 0).tolist()
        raise ShapeError(
            f"label correlations: outputs {lonely} of {len(correlations)} (valence and arousal are the last) correlate with "
            f"nothing at {EDGE_THRESHOLD} or more; take more faces, or a model without a label graph"
        )
    adjacency = (1 - SELF_WEIGHT) * edges / neighbours
    np.fill_diagonal(adjacency, SELF_WEIGHT)
    return np.asarray(adjacency)
