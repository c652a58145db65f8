from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.emotion_gcn.model import Outputs  # noqa: E402
from realtime_fer.training.emotion_gcn.losses import (  # noqa: E402
    AFFECTNET_COUNTS,
    affect_loss,
    class_weights,
    concordances,
    emotion_losses,
)

pytestmark = pytest.mark.torch


def test_the_rarest_class_weighs_one() -> None:
    expected = [0.0507920, 0.0282930, 0.1493774, 0.2699077, 0.5962684, 1, 0.1528414]
    assert class_weights(AFFECTNET_COUNTS).tolist() == pytest.approx(expected, abs=1e-7)
    with pytest.raises(ShapeError, match="at least one sample"):
        class_weights((3, 0))


def test_concordance_is_that_of_the_formula_with_its_mixed_moments() -> None:
    rng = np.random.default_rng(0)
    p, t = rng.normal(size=(2, 12, 2))
    expected = [
        2
        * np.cov(p[:, k], t[:, k], bias=True)[0, 1]
        / (p[:, k].var(ddof=1) + t[:, k].var(ddof=1) + (p[:, k].mean() - t[:, k].mean()) ** 2)
        for k in range(2)
    ]
    found = concordances(torch.from_numpy(p), torch.from_numpy(t))
    assert found.tolist() == pytest.approx(expected, abs=1e-12)
    assert float(affect_loss(torch.from_numpy(p), torch.from_numpy(t))) == pytest.approx(1 - np.mean(expected))
    assert concordances(torch.from_numpy(p), torch.from_numpy(p)).tolist() == pytest.approx([11 / 12, 11 / 12])


def test_one_face_has_no_concordance() -> None:
    with pytest.raises(ShapeError, match="N >= 2"):
        affect_loss(torch.zeros(1, 2), torch.zeros(1, 2))
    with pytest.raises(ShapeError, match="one shape"):
        concordances(torch.zeros(3, 2), torch.zeros(3, 1))


def test_the_weighted_mean_divides_by_the_weights_that_occur() -> None:
    logits, labels = torch.randn(4, 7), torch.tensor([0, 3, 3, 5])
    weights = class_weights(AFFECTNET_COUNTS)
    each = -logits.log_softmax(dim=1)[range(4), labels]
    expected = float((each * weights[labels]).sum() / weights[labels].sum())
    losses = emotion_losses(Outputs(logits, None), labels, torch.zeros(4, 2), weights)
    assert float(losses.expression) == pytest.approx(expected, abs=1e-6)
    assert losses.total is losses.expression
    assert losses.affect is None


def test_the_total_is_the_sum() -> None:
    outputs = Outputs(torch.randn(4, 7), torch.randn(4, 2))
    losses = emotion_losses(outputs, torch.arange(4), torch.randn(4, 2))
    assert losses.affect is not None
    assert float(losses.total) == pytest.approx(float(losses.expression) + float(losses.affect))
