from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.training.fmpn.losses import MASK_WEIGHT, joint_loss, mask_loss  # noqa: E402

pytestmark = pytest.mark.torch


def test_losses_are_the_textbooks() -> None:
    rng = np.random.default_rng(0)
    logits, classes = rng.normal(size=(5, 3)), rng.integers(0, 3, 5)
    mask, target = rng.random((5, 1, 4, 4)), rng.random((5, 1, 4, 4))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    cross_entropy = -np.log(probabilities[range(5), classes]).mean()
    error = ((mask - target) ** 2).mean()
    arguments = [torch.from_numpy(values) for values in (logits, classes, mask, target)]
    loss = joint_loss(*arguments)
    assert float(loss.cross_entropy) == pytest.approx(cross_entropy)
    assert float(loss.mask_error) == pytest.approx(error) == pytest.approx(float(mask_loss(*arguments[2:])))
    assert float(loss.total) == pytest.approx(cross_entropy + 0.1 * error)
    paper = joint_loss(arguments[0], arguments[1], arguments[2], arguments[3], 10.0)
    assert float(paper.total) == pytest.approx(cross_entropy + 10 * error)
    assert MASK_WEIGHT == 0.1
