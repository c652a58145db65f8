from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.networks.fmpn import inception_blocks as blocks  # noqa: E402
from tests.networks.fmpn.tiny import shaken  # noqa: E402

pytestmark = pytest.mark.torch


def same(channels: int) -> int:
    return channels // 16


@pytest.mark.parametrize(
    ("block", "channels_in", "channels_out", "side_out"),
    [
        (blocks.SquareFilters(192, 32, same), 192, 256, 9),
        (blocks.SquareFilters(256, 64, same), 256, 288, 9),
        (blocks.GridTo17(288, same), 288, 768, 4),
        (blocks.FactorisedSevens(768, 128, same), 768, 768, 9),
        (blocks.GridTo8(768, same), 768, 1280, 4),
        (blocks.WideFilters(1280, same), 1280, 2048, 9),
    ],
)
def test_branches_are_stacked(block: Any, channels_in: int, channels_out: int, side_out: int) -> None:
    with torch.no_grad():
        found = shaken(block)(torch.rand(1, same(channels_in), 9, 9))
    assert found.shape == (1, same(channels_out), side_out, side_out)
    assert (found >= 0).all()


def test_the_pooling_branch_counts_the_border_as_zeros() -> None:
    block = shaken(blocks.SquareFilters(16, 16, same))
    with torch.no_grad():
        ones = torch.ones(1, 1, 5, 5)
        mean = torch.nn.functional.conv2d(ones, torch.full((1, 1, 3, 3), 1 / 9), padding=1)
        assert torch.allclose(block(ones)[:, -1:], block.branch_pool(mean), atol=1e-6)


def test_a_convolution_is_followed_by_norm_and_relu() -> None:
    layer = shaken(blocks.ConvNormRelu(2, 3, (1, 7), padding=(0, 3)))
    x = torch.randn(1, 2, 4, 9)
    with torch.no_grad():
        assert torch.allclose(layer(x), layer.bn(layer.conv(x)).clamp_min(0))
    assert layer.conv.bias is None
