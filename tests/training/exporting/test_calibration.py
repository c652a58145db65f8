from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.training.exporting.calibration import (
    choose_prior_strength,
    fit_temperature,
    negative_log_likelihood,
    prior_bias,
)


def overconfident(factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from softmax(logits), and those logits times `factor`."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 5))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(5, p=row) for row in probabilities])
    return logits * factor, labels


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_that_was_hidden_is_found(factor: float) -> None:
    logits, labels = overconfident(factor)
    assert fit_temperature(logits, labels) == pytest.approx(factor, rel=0.06)


def test_no_other_temperature_is_likelier() -> None:
    logits, labels = overconfident(2.0)
    best = fit_temperature(logits, labels)
    least = negative_log_likelihood(logits, labels, best)
    assert all(negative_log_likelihood(logits, labels, best * by) > least for by in (0.9, 1.1))


def test_likelihood_of_a_case_worked_by_hand() -> None:
    logits = np.log(np.array([[0.25, 0.75], [0.5, 0.5]]))
    assert negative_log_likelihood(logits, np.array([1, 0]), 1.0) == pytest.approx(-(np.log(0.75) + np.log(0.5)) / 2)


def test_large_logits_do_not_overflow() -> None:
    assert negative_log_likelihood(np.array([[1e5, 0.0]]), np.array([0]), 1.0) == pytest.approx(0)


def test_prior_bias_takes_the_head_start_away() -> None:
    shares = np.array([0.7, 0.2, 0.1])
    bias = prior_bias(shares, 1.0)
    assert bias.mean() == pytest.approx(0)
    assert bias[2] - bias[0] == pytest.approx(np.log(7))
    assert prior_bias(shares, 0.5) == pytest.approx(bias / 2)


def test_rare_classes_are_helped_as_far_as_it_is_cheap() -> None:
    shares = np.array([0.9, 0.1])
    step = np.log(9)
    # Rare faces need a strength above 0.22; above 0.62 frequent ones begin to be lost.
    logits = np.concatenate([np.tile([0.62 * step, 0.0], (900, 1)), np.tile([0.22 * step, 0.0], (100, 1))])
    labels = np.repeat([0, 1], [900, 100])
    assert choose_prior_strength(logits, labels, shares) == 0.25
    # Where the help would cost too much, there is none.
    dear = np.concatenate([np.tile([0.1 * step, 0.0], (900, 1)), np.tile([0.22 * step, 0.0], (100, 1))])
    assert choose_prior_strength(dear, labels, shares) == 0.0


def test_misfits_are_refused() -> None:
    with pytest.raises(ShapeError, match="expected logits"):
        fit_temperature(np.zeros((3, 8)), np.zeros(2, np.int64))
    with pytest.raises(ShapeError, match="expected logits"):
        fit_temperature(np.zeros((0, 8)), np.zeros(0, np.int64))
    with pytest.raises(ShapeError, match="-1"):
        fit_temperature(np.zeros((1, 8)), np.array([-1]))
