from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import pearsonr

from realtime_fer.errors import ShapeError
from realtime_fer.evaluation.affect_metrics import concordance, concordance_mixed_moments, root_mean_square_error

# The example of torchmetrics' documentation, which divides by N - 1 and prints 0.9777.
PREDICTION, TARGET = np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0])

FIGURES = [concordance, concordance_mixed_moments, root_mean_square_error]


def traces(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = rng.uniform(-1, 1, n)
    return (0.6 * target + rng.normal(0.15, 0.3, n)).astype(np.float32), target


def test_the_two_denominators_are_told_apart() -> None:
    assert concordance(PREDICTION, TARGET) == pytest.approx(0.97679, abs=5e-6)
    p, t = PREDICTION, TARGET
    by_n_minus_one = 2 * np.cov(p, t)[0, 1] / (p.var(ddof=1) + t.var(ddof=1) + (p.mean() - t.mean()) ** 2)
    assert by_n_minus_one == pytest.approx(0.9777, abs=5e-5)


@pytest.mark.parametrize("seed", range(3))
def test_concordance_is_the_correlation_times_the_bias_of_location_and_scale(seed: int) -> None:
    """Lin's other form, equation 4 of the paper, with scipy's correlation."""
    prediction, target = traces(seed)
    scale = prediction.std(dtype=np.float64) / target.std()
    shift = (prediction.mean(dtype=np.float64) - target.mean()) / np.sqrt(prediction.std(dtype=np.float64) * target.std())
    expected = pearsonr(prediction.astype(np.float64), target).statistic * 2 / (scale + 1 / scale + shift**2)
    assert concordance(prediction, target) == pytest.approx(expected, abs=1e-12)


def test_the_published_mixture_is_that_of_the_training_loss() -> None:
    """The loss is checked against recordings of the published code, in tests/parity."""
    torch = pytest.importorskip("torch", reason="needs the train extra")
    from realtime_fer.training.emotion_gcn.losses import concordances

    prediction, target = traces(7, 30)
    expected = concordances(torch.from_numpy(prediction)[:, None], torch.from_numpy(target)[:, None])
    assert concordance_mixed_moments(prediction, target) == pytest.approx(float(expected), abs=1e-12)
    assert concordance_mixed_moments(prediction, target) < concordance(prediction, target) - 1e-3


def test_a_perfect_prediction() -> None:
    assert concordance(TARGET, TARGET) == pytest.approx(1)
    assert concordance_mixed_moments(TARGET, TARGET) == pytest.approx(3 / 4)
    assert root_mean_square_error(TARGET, TARGET) == 0


def test_opposite_and_constant_traces() -> None:
    assert concordance(-TARGET + 2 * TARGET.mean(), TARGET) == pytest.approx(-1)
    assert concordance(np.zeros(4), TARGET) == 0
    assert np.isnan(concordance(np.ones(3), np.ones(3)))


def test_error_by_hand() -> None:
    assert root_mean_square_error(np.array([0.0, 1.0]), np.array([0.5, -1.0])) == pytest.approx(np.sqrt((0.25 + 4) / 2))


@pytest.mark.parametrize("figure", FIGURES)
def test_misfits_are_refused(figure: Callable[[np.ndarray, np.ndarray], float]) -> None:
    with pytest.raises(ShapeError, match=r"found \(4,\) and \(3,\)"):
        figure(PREDICTION, TARGET[:3])
    with pytest.raises(ShapeError, match="N >= 2"):
        figure(PREDICTION[:1], TARGET[:1])
    with pytest.raises(ShapeError, match="finite"):
        figure(np.array([0, np.nan]), np.zeros(2))
