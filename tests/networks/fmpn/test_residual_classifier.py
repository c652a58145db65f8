from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.networks.fmpn.residual_classifier import (  # noqa: E402
    RESNET50_BLOCKS,
    RESNET152_BLOCKS,
    Bottleneck,
    ResidualClassifier,
)
from tests.networks.fmpn.tiny import shaken  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("blocks", "keys", "parameters"), [(RESNET50_BLOCKS, 320, 23_522_375), (RESNET152_BLOCKS, 932, 58_158_151)]
)
def test_published_size_and_names(blocks: tuple[int, ...], keys: int, parameters: int) -> None:
    with torch.device("meta"):
        net = ResidualClassifier(7, blocks)
    state = net.state_dict()
    assert (len(state), sum(p.numel() for p in net.parameters())) == (keys, parameters)
    assert state["layer4.0.downsample.0.weight"].shape == (2048, 1024, 1, 1)


def test_a_block_halves_in_its_middle() -> None:
    block = shaken(Bottleneck(8, 4, 2))
    x = torch.randn(1, 8, 6, 6)
    with torch.no_grad():
        y = block.bn1(block.conv1(x)).relu()
        assert y.shape == (1, 4, 6, 6)
        y = block.bn3(block.conv3(block.bn2(block.conv2(y)).relu()))
        assert torch.allclose(block(x), (y + block.downsample(x)).relu(), atol=1e-6)
    assert Bottleneck(16, 4, 1).downsample is None


def test_logits_of_pooled_features() -> None:
    net = shaken(ResidualClassifier(3, (1, 1, 1, 1)))
    pictures = torch.rand(2, 3, 40, 40)
    with torch.no_grad():
        assert net.features(pictures).shape == (2, 2048)
        assert torch.allclose(net(pictures), net.fc(net.features(pictures)), atol=1e-5)
