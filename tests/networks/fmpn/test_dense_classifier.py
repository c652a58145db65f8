from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.networks.fmpn.dense_classifier import GROWTH, DenseClassifier, DenseLayer, Transition  # noqa: E402
from tests.networks.fmpn.tiny import shaken  # noqa: E402

pytestmark = pytest.mark.torch


def test_published_size_and_names() -> None:
    with torch.device("meta"):
        net = DenseClassifier(7)
    state = net.state_dict()
    assert (len(state), sum(p.numel() for p in net.parameters())) == (727, 6_961_031)
    assert state["features.denseblock3.denselayer24.conv1.weight"].shape == (128, 992, 1, 1)
    assert state["classifier.weight"].shape == (7, 1024)


def test_a_layer_adds_its_channels_to_all_before() -> None:
    layer = shaken(DenseLayer(5))
    x = torch.randn(1, 5, 4, 4)
    with torch.no_grad():
        found = layer(x)
        new = layer.conv2(layer.norm2(layer.conv1(layer.norm1(x).relu())).relu())
    assert found.shape == (1, 5 + GROWTH, 4, 4)
    assert torch.equal(found[:, :5], x)
    assert torch.allclose(found[:, 5:], new, atol=1e-6)


def test_a_transition_halves_channels_and_size() -> None:
    with torch.no_grad():
        assert shaken(Transition(6))(torch.rand(1, 6, 8, 8)).shape == (1, 3, 4, 4)


def test_logits_of_normed_and_pooled_maps() -> None:
    net = shaken(DenseClassifier(3))
    pictures = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        maps = net.features(pictures)
        assert maps.shape == (1, 1024, 1, 1)
        assert torch.allclose(net(pictures), net.classifier(maps.relu().mean((2, 3))), atol=1e-5)
