from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.emotion_gcn.bregnext import BoundedResidual, BoundedShortcut, BregNextFeatures  # noqa: E402

pytestmark = pytest.mark.torch


@torch.no_grad()
def test_the_shortcut_is_the_formula() -> None:
    shortcut = BoundedShortcut()
    shortcut._a.fill_(2.0)
    shortcut._c.fill_(0.5)
    root = math.sqrt(1.25)
    assert float(shortcut(torch.tensor([3.0]))) == pytest.approx(math.atan(2 * 3 / root) / (2 * root))


@torch.no_grad()
def test_a_strided_layer_pools_its_shortcut_and_pads_its_channels_on_both_sides() -> None:
    layer = BoundedResidual(2, 6, 2).eval()
    layer._conv1.weight.zero_()
    layer._conv1.bias.zero_()
    x = torch.randn(1, 2, 4, 4)
    out = layer(x)
    assert out.shape == (1, 6, 2, 2)
    assert (out[:, [0, 1, 4, 5]] == 0).all()
    assert torch.allclose(out[:, 2:4], torch.nn.functional.avg_pool2d(layer._shortcut(x), 2))


def test_published_depth_has_the_published_size() -> None:
    with torch.device("meta"):
        features = BregNextFeatures()
    assert len(features.residuals()) == 24
    # 3,072,567 of the single-task network, less its head of 128 x 7 and 7.
    assert sum(value.numel() for value in features.parameters()) == 3_072_567 - 128 * 7 - 7
    assert features.state_dict()["_model.4._layer_stack.6._shortcut._a"].shape == (1,)


def test_a_side_that_does_not_halve_twice() -> None:
    with pytest.raises(ShapeError, match="multiple of 4"):
        BregNextFeatures((1, 1, 1)).pooled(torch.zeros(1, 3, 30, 30))
