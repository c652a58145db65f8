from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.emotion_gcn.model import (  # noqa: E402
    INPUT_PX,
    BackboneName,
    DenseNetEmotionGcn,
    DenseNetMultiTask,
    Kind,
    build_network,
    freeze_what_never_learns,
)
from tests.networks.emotion_gcn.tiny import NETWORKS, trained_looking, word_embeddings  # noqa: E402

pytestmark = pytest.mark.torch

KEYS_AND_PARAMETERS = {
    ("densenet121", "emotion-gcn"): (728, 7_631_825),
    ("densenet121", "multi-task"): (729, 6_963_081),
    ("densenet121", "single-task"): (727, 6_961_031),
    ("bregnext50", "emotion-gcn"): (396, 3_291_784),
    ("bregnext50", "multi-task"): (395, 3_072_825),
    ("bregnext50", "single-task"): (393, 3_072_567),
}


@pytest.mark.parametrize(("backbone", "kind"), NETWORKS)
@pytest.mark.usefixtures("published_layers")
def test_published_sizes(backbone: BackboneName, kind: Kind) -> None:
    with torch.device("meta"):
        network = build_network(backbone, kind, word_embeddings=torch.zeros(9, 300))
    found = len(network.state_dict()), sum(value.numel() for value in network.parameters())
    assert found == KEYS_AND_PARAMETERS[backbone, kind]


def test_published_sides() -> None:
    assert INPUT_PX == {"densenet121": (227, 112), "bregnext50": (112,)}


@pytest.mark.parametrize(("backbone", "kind"), NETWORKS)
@torch.no_grad()
def test_outputs_follow_from_the_pooled_features(backbone: BackboneName, kind: Kind) -> None:
    network = trained_looking(backbone, kind)
    images = torch.randn(3, 3, 64, 64)
    outputs = network(images)
    assert outputs.logits.shape == (3, 7)
    assert network.pooled(images).shape[0] == 3
    if kind == "single-task":
        assert outputs.valence_arousal is None
    else:
        assert outputs.valence_arousal.shape == (3, 2)


@torch.no_grad()
def test_the_graph_sees_the_largest_value_and_the_plain_heads_the_mean_of_what_is_positive() -> None:
    graph, plain = trained_looking("densenet121", "emotion-gcn"), trained_looking("densenet121", "multi-task")
    assert isinstance(graph, DenseNetEmotionGcn)
    assert isinstance(plain, DenseNetMultiTask)
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(graph.pooled(images), graph.features(images).amax(dim=(2, 3)))
    assert torch.allclose(plain.pooled(images), plain.model_base(images).clamp(min=0).mean(dim=(2, 3)))


@torch.no_grad()
def test_adjacency_and_embeddings_are_those_given() -> None:
    network = build_network("bregnext50", "emotion-gcn", word_embeddings=word_embeddings(), adjacency=torch.eye(9) * 0.7)
    assert torch.equal(network.A, torch.eye(9) * 0.7)
    assert torch.equal(network.word_embeddings, word_embeddings())


def test_a_graph_needs_its_words() -> None:
    with pytest.raises(ShapeError, match=r"word embeddings of shape \(9, 300\), found none"):
        build_network("densenet121", "emotion-gcn")


@pytest.mark.parametrize(("backbone", "kind"), NETWORKS)
def test_another_number_of_expressions(backbone: BackboneName, kind: Kind) -> None:
    words = torch.randn(10, 300) if kind == "emotion-gcn" else None
    network = build_network(backbone, kind, word_embeddings=words, expressions=8).eval()
    outputs = network(torch.randn(2, 3, 32, 32))
    assert outputs.logits.shape == (2, 8)
    assert outputs.valence_arousal is None if kind == "single-task" else outputs.valence_arousal.shape == (2, 2)


@pytest.mark.parametrize(("backbone", "kind"), NETWORKS)
def test_whatever_still_learns_gets_a_gradient(backbone: BackboneName, kind: Kind) -> None:
    network = trained_looking(backbone, kind)
    parameters = len(list(network.parameters()))
    freeze_what_never_learns(network)
    sum(output.sum() for output in network(torch.randn(2, 3, 32, 32)) if output is not None).backward()
    assert all((parameter.grad is not None) == parameter.requires_grad for parameter in network.parameters())
    assert len(list(network.parameters())) == parameters
