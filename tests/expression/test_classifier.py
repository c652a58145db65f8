from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.expression.classifier import softmax


def test_softmax_by_hand() -> None:
    found = softmax(np.log(np.array([[1, 2, 5]], np.float32)))
    np.testing.assert_allclose(found, [[0.125, 0.25, 0.625]], rtol=1e-6)


def test_temperature_flattens_and_keeps_the_order() -> None:
    logits = np.array([[2.0, 0.0, -1.0]], np.float32)
    warm, cold = softmax(logits, 4.0)[0], softmax(logits, 0.5)[0]
    assert warm[0] < softmax(logits)[0][0] < cold[0]
    np.testing.assert_allclose(softmax(logits, 2.0), softmax((logits / 2).astype(np.float32)), rtol=1e-6)


def test_huge_logits_do_not_overflow() -> None:
    np.testing.assert_allclose(softmax(np.array([[1e4, 0.0]], np.float32)), [[1.0, 0.0]])


def test_no_rows() -> None:
    assert softmax(np.zeros((0, 8), np.float32)).shape == (0, 8)


def test_wrong_shape() -> None:
    with pytest.raises(ShapeError, match=r"\(N, C\), found \(3,\)"):
        softmax(np.zeros(3, np.float32))
