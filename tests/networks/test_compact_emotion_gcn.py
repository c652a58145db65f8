from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.compact_emotion_gcn import ClassifierGraph, CompactEmotionGcn, ResidualBlock  # noqa: E402

pytestmark = pytest.mark.torch


def cooccurrence(classes: int = 8) -> np.ndarray:
    table = np.random.default_rng(0).uniform(0, 0.5, (classes, classes))
    np.fill_diagonal(table, 1)
    return table


def test_faces_become_logits_and_the_size_stays_compact() -> None:
    model = CompactEmotionGcn(cooccurrence()).eval()
    assert model(torch.rand(3, 1, 48, 48) * 255).shape == (3, 8)
    assert sum(p.numel() for p in model.parameters()) < 1.5e6


def test_light_and_contrast_make_no_difference() -> None:
    # The face is standardised inside, so an affine change of grey levels must (nearly) cancel.
    torch.manual_seed(0)
    model = CompactEmotionGcn(cooccurrence()).eval()
    face = torch.rand(1, 1, 48, 48) * 100 + 50
    with torch.no_grad():
        assert torch.allclose(model(face), model(0.7 * face + 60), atol=2e-2)


def test_a_flat_crop_gives_finite_logits() -> None:
    model = CompactEmotionGcn(cooccurrence()).eval()
    with torch.no_grad():
        assert torch.isfinite(model(torch.full((1, 1, 48, 48), 37.0))).all()


def test_logits_are_features_times_the_graphs_vectors() -> None:
    model = CompactEmotionGcn(cooccurrence()).eval()
    face = torch.rand(2, 1, 48, 48) * 255
    with torch.no_grad():
        model.bias.copy_(torch.arange(8.0))
        expected = model.features(face) @ model.graph().T + torch.arange(8.0)
        assert torch.allclose(model(face), expected, atol=1e-5)


def test_pooling_starts_as_the_mean_of_the_map() -> None:
    model = CompactEmotionGcn(cooccurrence()).eval()
    assert model.pooling.shape == (192, 3, 3)
    assert torch.allclose(model.pooling.sum(dim=(1, 2)), torch.ones(192))


def test_linked_classes_get_related_vectors() -> None:
    linked = np.eye(4)
    linked[0, 1] = linked[1, 0] = 1.0
    torch.manual_seed(1)
    vectors = ClassifierGraph(linked, features=32)()
    # 0 and 1 keep half of themselves and take half of the other in both layers, so here they agree wholly.
    assert torch.allclose(vectors[0], vectors[1], atol=1e-5)
    assert not torch.allclose(vectors[2], vectors[3], atol=1e-2)


def test_the_graph_is_learned_but_its_edges_are_not() -> None:
    model = CompactEmotionGcn(cooccurrence())
    names = {name for name, _ in model.named_parameters()}
    assert {"graph.nodes", "graph.weight1", "graph.weight2"} <= names
    assert "graph.adjacency" not in names
    model(torch.rand(2, 1, 48, 48)).square().sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_a_block_keeps_its_input_where_its_convolutions_are_zero() -> None:
    block = ResidualBlock(4, 4, 1).eval()
    with torch.no_grad():
        block.conv2.weight.zero_()
        x = torch.rand(1, 4, 6, 6)
        assert torch.allclose(block(x), x)
    assert ResidualBlock(4, 8, 2).eval()(torch.rand(1, 4, 6, 6)).shape == (1, 8, 3, 3)


def test_a_linear_head_has_no_graph() -> None:
    table = np.full((8, 8), 0.3)
    model = CompactEmotionGcn(table, head="linear").eval()
    faces = torch.rand(2, 1, 48, 48) * 255
    expected = model.features(faces) @ model.state_dict()["graph.weight"].T
    torch.testing.assert_close(model(faces), expected)
    # What the crowd says of the classes plays no part.
    other = CompactEmotionGcn(np.eye(8), head="linear").eval()
    other.load_state_dict(model.state_dict())
    torch.testing.assert_close(other(faces), model(faces))


def test_only_square_tables() -> None:
    with pytest.raises(ShapeError, match="square"):
        CompactEmotionGcn(np.zeros((8, 7)))
