"""A compact Emotion-GCN: a small residual network for grey faces, and a graph that generates its classifier.

After Antoniadis et al., FG 2021 (arXiv 2106.03487): the last layer is not a free matrix; a two-layer graph
convolution over the classes makes one weight vector each. Backbone, node features and sizes are our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.label_graph import label_adjacency, normalised_adjacency

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("the compact Emotion-GCN", "train", error) from error

FACE_SIZE_PX = 48


@dataclass(frozen=True, slots=True)
class Backbone:
    """Sizes of the residual network; multiples of 16 channels suit AVX-512.

    Attributes:
        stem: channels of the first convolution, at the full 48x48.
        stages: (channels, stride) of each residual block.
    """

    stem: int
    stages: tuple[tuple[int, int], ...]


BACKBONES = {
    # 51 and 74 million multiplications a face.
    "small": Backbone(16, ((32, 2), (64, 2), (64, 1), (128, 2), (128, 1), (192, 2))),
    "medium": Backbone(16, ((32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (128, 1), (256, 2))),
    # Teachers, to distil from: 134 and 238 million.
    "large": Backbone(24, ((48, 2), (48, 1), (96, 2), (96, 1), (192, 2), (192, 1), (256, 2))),
    "huge": Backbone(32, ((64, 2), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (256, 2))),
}

Head = Literal["graph", "linear"]
"""Where the classifier vectors come from."""

GRAPH_HIDDEN = 256
LEAK = 0.2
"""Slope of the graph's LeakyReLU below zero, as in the paper's code."""

MIN_VARIANCE = 16.0
"""Grey levels squared, added to a face's variance: a flat crop is not blown up into noise."""


class ResidualBlock(nn.Module):  # type: ignore[misc]
    """ReLU(F(x) + P(x)) with F = conv3x3, BN, ReLU, conv3x3, BN; P is x, or conv1x1 and BN where the shape changes."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels_out)
        self.shortcut: nn.Sequential | None = None
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, I, H, W) -> (N, O, H / stride, W / stride)."""
        passed = x if self.shortcut is None else self.shortcut(x)
        return functional.relu(self.norm2(self.conv2(functional.relu(self.norm1(self.conv1(x))))) + passed)


class ClassifierGraph(nn.Module):  # type: ignore[misc]
    """Two graph layers that turn C node features into C classifier vectors.

        H = LeakyReLU(Ahat Z W1),   W = Ahat H W2

    Ahat and the first Z come from the crowd's votes; Z, W1 and W2 are learned. Nothing depends on the face, so
    `forward` gives a constant once trained.
    """

    def __init__(self, cooccurrence: npt.NDArray[np.float64], features: int, hidden: int = GRAPH_HIDDEN) -> None:
        super().__init__()
        classes = len(cooccurrence)
        adjacency = normalised_adjacency(label_adjacency(cooccurrence))
        self.register_buffer("adjacency", torch.tensor(adjacency, dtype=torch.float32))
        # A node starts as what the crowd says of its faces, beside its own name (one-hot).
        nodes = np.concatenate([cooccurrence, np.eye(classes)], axis=1)
        self.nodes = nn.Parameter(torch.tensor(nodes, dtype=torch.float32))
        self.weight1 = nn.Parameter(torch.empty(2 * classes, hidden))
        self.weight2 = nn.Parameter(torch.empty(hidden, features))
        nn.init.kaiming_normal_(self.weight1, mode="fan_out", a=LEAK)
        nn.init.normal_(self.weight2, std=features**-0.5)

    def forward(self) -> Tensor:
        """Classifier vectors, float32 (C, D)."""
        hidden = functional.leaky_relu(self.adjacency @ (self.nodes @ self.weight1), LEAK)
        return self.adjacency @ (hidden @ self.weight2)


class FreeClassifier(nn.Module):  # type: ignore[misc]
    """Classifier vectors that are learned as they are: a linear layer, to compare the graph with."""

    def __init__(self, classes: int, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes, features))
        # As torch begins a linear layer.
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    def forward(self) -> Tensor:
        """Classifier vectors, float32 (C, D)."""
        return self.weight


class CompactEmotionGcn(nn.Module):  # type: ignore[misc]
    """Faces to expression logits.

    Shapes: N faces, C classes, D features (the last stage's channels), S side of the crop.

    Args:
        cooccurrence: P(j | i) of the crowd's votes, float64 (C, C), see `datasets.ferplus.vote_cooccurrence`.
        dropout: share of features zeroed in training.
        backbone: sizes of the residual network.
        head: `graph`, or `linear` to do without it, for comparison.

    Raises:
        ShapeError: `cooccurrence` is not square.
    """

    def __init__(
        self,
        cooccurrence: npt.NDArray[np.float64],
        dropout: float = 0.2,
        backbone: Backbone = BACKBONES["small"],
        head: Head = "graph",
    ) -> None:
        super().__init__()
        if cooccurrence.ndim != 2 or cooccurrence.shape[0] != cooccurrence.shape[1]:
            raise ShapeError(f"cooccurrence: expected a square matrix, found shape {cooccurrence.shape}")
        self.stem = nn.Conv2d(1, backbone.stem, 3, 1, 1, bias=False)
        self.stem_norm = nn.BatchNorm2d(backbone.stem)
        blocks, channels, side = [], backbone.stem, FACE_SIZE_PX
        for channels_out, stride in backbone.stages:
            blocks.append(ResidualBlock(channels, channels_out, stride))
            channels, side = channels_out, side // stride
        self.blocks = nn.Sequential(*blocks)
        # Where on the face a feature lies matters, so the pooling over the last map is learned, from the mean on.
        self.pooling = nn.Parameter(torch.full((channels, side, side), 1 / side**2))
        self.dropout = nn.Dropout(dropout)
        classes = len(cooccurrence)
        self.graph = ClassifierGraph(cooccurrence, channels) if head == "graph" else FreeClassifier(classes, channels)
        self.bias = nn.Parameter(torch.zeros(classes))

    def features(self, faces: Tensor) -> Tensor:
        """Grey faces (N, 1, S, S), 0..255 -> features (N, D)."""
        # In float32 also under autocast: squares of grey levels need the digits.
        mean = faces.mean(dim=(2, 3), keepdim=True)
        centred = faces - mean
        standard = centred / torch.sqrt(centred.square().mean(dim=(2, 3), keepdim=True) + MIN_VARIANCE)
        maps = self.blocks(functional.relu(self.stem_norm(self.stem(standard))))
        return (maps.float() * self.pooling).sum(dim=(2, 3))

    def forward(self, faces: Tensor) -> Tensor:
        """Grey faces (N, 1, S, S), 0..255, S = 48 -> logits (N, C), not calibrated."""
        features = self.dropout(self.features(faces))
        with torch.autocast(device_type=faces.device.type, enabled=False):
            return features @ self.graph().T + self.bias
