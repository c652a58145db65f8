"""The six published networks: two backbones, each with the graph, with two plain heads, or with one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.emotion_gcn.bregnext import BREGNEXT_50_LAYERS, BregNextFeatures
from realtime_fer.networks.emotion_gcn.densenet import DENSENET_121_LAYERS, DenseNetFeatures
from realtime_fer.networks.emotion_gcn.graph_head import WORD_FEATURES, GraphClassifier
from realtime_fer.networks.emotion_gcn.label_graph import AFFECT, EXPRESSIONS

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("Emotion-GCN", "train", error) from error

BackboneName = Literal["densenet121", "bregnext50"]
Kind = Literal["emotion-gcn", "multi-task", "single-task"]

LAYERS: dict[BackboneName, Sequence[int]] = {"densenet121": DENSENET_121_LAYERS, "bregnext50": BREGNEXT_50_LAYERS}
INPUT_PX: dict[BackboneName, tuple[int, ...]] = {"densenet121": (227, 112), "bregnext50": (112,)}
"""Sides of the face that the published weights were trained on, AffectNet's first. A checkpoint does not say which."""


class Outputs(NamedTuple):
    """What a network says of N faces.

    Attributes:
        logits: of the expressions, before the softmax, float32 (N, E); E is 7 as published.
        valence_arousal: as it comes, not bounded, float32 (N, 2); None from a single-task network.
    """

    logits: Tensor
    valence_arousal: Tensor | None


class DenseNetEmotionGcn(GraphClassifier):
    """Emotion-GCN on DenseNet-121."""

    def __init__(self, layers: Sequence[int], word_embeddings: Tensor, adjacency: Tensor) -> None:
        super().__init__(word_embeddings, adjacency)
        self.features = DenseNetFeatures(layers)
        self.add_graph_layers(self.features.channels)

    def pooled(self, images: Tensor) -> Tensor:
        """(N, 3, S, S) -> (N, C). The maximum, without the ReLU that DenseNets have there: it may be negative.

        The original pools with a kernel of 7 or 3, the whole map at 227 and at 112; over the whole map is the same.
        """
        return functional.adaptive_max_pool2d(self.features(images), 1).flatten(1)

    def forward(self, images: Tensor) -> Outputs:
        """Normalised RGB (N, 3, S, S)."""
        return Outputs(*self.classify(self.pooled(images)))


class DenseNetMultiTask(nn.Module):  # type: ignore[misc]
    """DenseNet-121 with a linear head for each task."""

    def __init__(self, layers: Sequence[int], expressions: int = EXPRESSIONS) -> None:
        super().__init__()
        self.model_base = DenseNetFeatures(layers)
        self.lin_cat = nn.Linear(self.model_base.channels, expressions)
        self.lin_cont = nn.Linear(self.model_base.channels, AFFECT)

    def pooled(self, images: Tensor) -> Tensor:
        """(N, 3, S, S) -> (N, C): the mean, after a ReLU."""
        return torch.relu(self.model_base(images)).mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Outputs:
        """Normalised RGB (N, 3, S, S)."""
        pooled = self.pooled(images)
        return Outputs(self.lin_cat(pooled), self.lin_cont(pooled))


class DenseNetSingleTask(nn.Module):  # type: ignore[misc]
    """DenseNet-121 with one linear head."""

    def __init__(self, layers: Sequence[int], expressions: int = EXPRESSIONS) -> None:
        super().__init__()
        self.features = DenseNetFeatures(layers)
        self.classifier = nn.Linear(self.features.channels, expressions)

    def pooled(self, images: Tensor) -> Tensor:
        """(N, 3, S, S) -> (N, C): the mean, after a ReLU."""
        return torch.relu(self.features(images)).mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Outputs:
        """Normalised RGB (N, 3, S, S)."""
        return Outputs(self.classifier(self.pooled(images)), None)


class BregNextSingleTask(BregNextFeatures):
    """BReG-NeXt-50 with one linear head."""

    def __init__(self, layers: Sequence[int], expressions: int = EXPRESSIONS) -> None:
        super().__init__(layers)
        self._fc0 = nn.Linear(self.channels, expressions)

    def forward(self, images: Tensor) -> Outputs:
        """Normalised RGB (N, 3, S, S)."""
        return Outputs(self._fc0(self.pooled(images)), None)


class BregNextMultiTask(BregNextFeatures):
    """BReG-NeXt-50 with a linear head for each task."""

    def __init__(self, layers: Sequence[int], expressions: int = EXPRESSIONS) -> None:
        super().__init__(layers)
        self.fc_cont = nn.Linear(self.channels, AFFECT)
        self.fc_cat = nn.Linear(self.channels, expressions)

    def forward(self, images: Tensor) -> Outputs:
        """Normalised RGB (N, 3, S, S)."""
        pooled = self.pooled(images)
        return Outputs(self.fc_cat(pooled), self.fc_cont(pooled))


class BregNextEmotionGcn(GraphClassifier):
    """Emotion-GCN on BReG-NeXt-50."""

    def __init__(self, layers: Sequence[int], word_embeddings: Tensor, adjacency: Tensor) -> None:
        super().__init__(word_embeddings, adjacency)
        # The whole single-task network, whose `_fc0` stands in the checkpoints and is never used.
        self.model = BregNextSingleTask(layers, len(word_embeddings) - AFFECT)
        self.add_graph_layers(self.model.channels)

    def pooled(self, images: Tensor) -> Tensor:
        """(N, 3, S, S) -> (N, 128)."""
        return self.model.pooled(images)

    def forward(self, images: Tensor) -> Outputs:
        """Normalised RGB (N, 3, S, S)."""
        return Outputs(*self.classify(self.pooled(images)))


EmotionNetwork = (
    DenseNetEmotionGcn | DenseNetMultiTask | DenseNetSingleTask | BregNextEmotionGcn | BregNextMultiTask | BregNextSingleTask
)


def build_network(
    backbone: BackboneName,
    kind: Kind,
    *,
    word_embeddings: Tensor | None = None,
    adjacency: Tensor | None = None,
    expressions: int = EXPRESSIONS,
) -> EmotionNetwork:
    """A network with fresh weights.

    Args:
        backbone: which; its depth is that of `LAYERS`.
        kind: which heads.
        word_embeddings: float32 (E + 2, 300), of the graph's nodes; needed by "emotion-gcn".
        adjacency: (E + 2, E + 2), see `label_graph.label_adjacency`; None where a checkpoint brings it.
        expressions: E; 7 as published.

    Raises:
        ShapeError: "emotion-gcn" without embeddings, or a shape is another.
    """
    layers = LAYERS[backbone]
    if kind == "single-task":
        return (DenseNetSingleTask if backbone == "densenet121" else BregNextSingleTask)(layers, expressions)
    if kind == "multi-task":
        return (DenseNetMultiTask if backbone == "densenet121" else BregNextMultiTask)(layers, expressions)
    wanted = (expressions + AFFECT, WORD_FEATURES)
    if word_embeddings is None or tuple(word_embeddings.shape) != wanted:
        found = "none" if word_embeddings is None else tuple(word_embeddings.shape)
        raise ShapeError(f"Emotion-GCN: expected word embeddings of shape {wanted}, found {found}")
    graph = torch.eye(wanted[0]) if adjacency is None else adjacency
    network = DenseNetEmotionGcn if backbone == "densenet121" else BregNextEmotionGcn
    return network(layers, word_embeddings, graph)


def freeze_what_never_learns(network: EmotionNetwork) -> None:
    """Tell torch that the graph's A and an unused `_fc0` get no gradient, which several processes would wait for.

    They stay parameters: of the checkpoint, and of the optimiser's list.
    """
    if isinstance(network, GraphClassifier):
        network.A.requires_grad_(False)
    if isinstance(network, BregNextEmotionGcn):
        network.model._fc0.requires_grad_(False)
