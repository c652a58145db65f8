from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from realtime_fer.training.emotion_gcn.step import published_optimiser, training_step  # noqa: E402
from tests.networks.emotion_gcn.tiny import trained_looking  # noqa: E402

pytestmark = pytest.mark.torch


def test_steps_lower_the_loss_and_leave_what_has_no_gradient() -> None:
    network = trained_looking("bregnext50", "emotion-gcn").train()
    before = {name: value.clone() for name, value in network.named_parameters()}
    optimiser = published_optimiser(network)
    images, labels, affect = torch.randn(4, 3, 16, 16), torch.tensor([0, 1, 2, 3]), torch.rand(4, 2)
    totals = []
    for _ in range(4):
        losses, outputs = training_step(network, optimiser, images=images, labels=labels, affect=affect)
        assert not losses.total.requires_grad
        assert outputs.logits.shape == (4, 7)
        totals.append(float(losses.total))
    assert totals == sorted(totals, reverse=True)
    untouched = {name for name, value in network.named_parameters() if torch.equal(value, before[name])}
    assert untouched == {"A", "model._fc0.weight", "model._fc0.bias"}


def test_published_rates() -> None:
    optimiser = published_optimiser(trained_looking("densenet121", "single-task"))
    (group,) = optimiser.param_groups
    assert (group["lr"], group["momentum"], group["weight_decay"], group["nesterov"]) == (1e-3, 0.9, 1e-3, False)
