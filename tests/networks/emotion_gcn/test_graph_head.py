from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.emotion_gcn.graph_head import GraphClassifier  # noqa: E402
from tests.networks.emotion_gcn.tiny import trained_looking, word_embeddings  # noqa: E402

pytestmark = pytest.mark.torch


def graph() -> GraphClassifier:
    network = trained_looking("densenet121", "emotion-gcn")
    assert isinstance(network, GraphClassifier)
    return network


def test_classifiers_are_those_of_the_formula() -> None:
    network = graph()
    with torch.no_grad():
        a = network.A.double()
        d = torch.diag(a.sum(dim=1) ** -0.5)
        ahat = (a @ d).T @ d
        h = ahat @ (network.word_embeddings.double() @ network.gc1.weight.double())
        w = ahat @ (torch.where(h > 0, h, 0.2 * h) @ network.gc2.weight.double())
        assert torch.allclose(network.normalised_adjacency().double(), ahat, atol=1e-6)
        assert torch.allclose(network.classifiers().double(), w, atol=1e-5)
        x = torch.randn(4, w.shape[1])
        logits, affect = network.classify(x)
        assert torch.allclose(torch.cat([logits, affect], dim=1).double(), x.double() @ w.T, atol=1e-4)
        assert (logits.shape, affect.shape) == ((4, 7), (4, 2))


def test_the_graph_is_learned_and_its_adjacency_is_not() -> None:
    network = graph()
    network.classifiers().square().sum().backward()
    assert network.A.grad is None
    assert network.gc1.weight.grad is not None
    assert network.gc1.weight.grad.abs().sum() > 0


def test_embeddings_are_no_part_of_a_checkpoint_and_the_adjacency_is() -> None:
    assert "word_embeddings" not in graph().state_dict()
    assert "A" in graph().state_dict()


def test_other_shapes() -> None:
    with pytest.raises(ShapeError, match=r"word embeddings: expected shape \(9, 300\), found \(2, 9, 300\)"):
        GraphClassifier(torch.zeros(2, 9, 300), torch.eye(9))
    with pytest.raises(ShapeError, match="adjacency"):
        GraphClassifier(word_embeddings(), torch.eye(7))
