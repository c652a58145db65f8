from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.networks.fmpn.motion_mask_generator import MotionMaskGenerator  # noqa: E402
from realtime_fer.training.fmpn.optimisation import initialise, joint_optimizer, mask_optimizer, set_rate  # noqa: E402
from tests.networks.fmpn.tiny import tiny_fmpn  # noqa: E402

pytestmark = pytest.mark.torch


def test_weights_start_as_published() -> None:
    torch.manual_seed(0)
    net = MotionMaskGenerator(16, channels=32, blocks=1, norm="batch")
    initialise(net)
    convolution, norm = net.feature_extractor[3], net.feature_extractor[4]
    # Xavier: gain * sqrt(2 / (fan in + fan out)).
    expected = 0.02 * (2 / (16 * (32 + 64))) ** 0.5
    assert float(convolution.weight.detach().std()) == pytest.approx(expected, rel=0.05)
    assert float(norm.weight.detach().mean()) == pytest.approx(1, abs=0.02)
    assert float(norm.weight.detach().std()) == pytest.approx(0.02, rel=0.4)
    assert norm.bias.count_nonzero() == 0
    assert net.feature_extractor[9].conv_block[2].weight.tolist() == [0.25]
    biased = MotionMaskGenerator(16, channels=4, norm="instance")
    initialise(biased)
    assert biased.feature_extractor[0].bias.count_nonzero() == 0


def test_each_part_moves_at_its_own_rate() -> None:
    model = tiny_fmpn()
    optimizer = joint_optimizer(model, 1e-3, 1e-4)
    assert type(optimizer) is torch.optim.Adam
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert {rates[id(p)] for p in model.net_resface.parameters()} == {1e-4}
    for net in (model.net_fusion, model.net_cls):
        assert {rates[id(p)] for p in net.parameters()} == {1e-3}
    assert all((group["betas"], group["weight_decay"]) == ((0.5, 0.999), 0) for group in optimizer.param_groups)
    set_rate(optimizer, 0.5)
    set_rate(optimizer, 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [5e-4, 5e-4, 5e-5]


def test_published_rates_are_the_defaults() -> None:
    model = tiny_fmpn()
    assert [group["lr"] for group in joint_optimizer(model).param_groups] == [1e-4, 1e-4, 1e-5]
    assert [group["lr"] for group in mask_optimizer(model.net_resface).param_groups] == [1e-4]
    assert sum(len(group["params"]) for group in joint_optimizer(model).param_groups) == len(list(model.parameters()))
