from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from realtime_fer.networks.emotion_gcn.densenet import DenseLayer, DenseNetFeatures, Transition  # noqa: E402

pytestmark = pytest.mark.torch


def test_a_layer_keeps_its_input_and_adds_32_channels() -> None:
    x = torch.randn(2, 16, 5, 5)
    with torch.no_grad():
        out = DenseLayer(16).eval()(x)
    assert out.shape == (2, 48, 5, 5)
    assert torch.equal(out[:, :16], x)


def test_a_transition_halves_and_rounds_odd_sides_down() -> None:
    with torch.no_grad():
        assert Transition(64).eval()(torch.randn(1, 64, 7, 7)).shape == (1, 32, 3, 3)


def test_published_depth_has_the_published_size() -> None:
    with torch.device("meta"):
        features = DenseNetFeatures()
    assert features.channels == 1024
    assert len(features.state_dict()) == 725
    # 7,631,825 of the whole network, less A (81), gc1 (300 x 512) and gc2 (512 x 1024).
    assert sum(value.numel() for value in features.parameters()) == 7_631_825 - 81 - 300 * 512 - 512 * 1024
    assert features.state_dict()["denseblock4.denselayer16.conv1.weight"].shape == (128, 992, 1, 1)


def test_the_last_norm_has_no_relu() -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        maps = DenseNetFeatures((1, 1))(torch.randn(2, 3, 64, 64))
    assert (maps < 0).any()
