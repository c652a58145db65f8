"""The graph half: one word embedding of each output becomes its classifier vector. Published with O = 9 outputs."""

from __future__ import annotations

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.emotion_gcn.label_graph import AFFECT, OUTPUTS

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("Emotion-GCN", "train", error) from error

WORD_FEATURES = 300
HIDDEN = 512
LEAK = 0.2
"""Slope of the LeakyReLU below zero."""


class GraphLayer(nn.Module):  # type: ignore[misc]
    """Ahat (X W), without bias; `weight` lies (in, out), the transpose of a linear layer's."""

    def __init__(self, features_in: int, features_out: int) -> None:
        super().__init__()
        bound = features_out**-0.5
        self.weight = nn.Parameter(torch.empty(features_in, features_out).uniform_(-bound, bound))

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        """(O, I) -> (O, F)."""
        return adjacency @ (x @ self.weight)


class GraphClassifier(nn.Module):  # type: ignore[misc]
    """Base of the two networks whose classifiers the graph makes; adds `A`, `gc1` and `gc2` beside their backbone.

        Ahat = (A D)^T D,   D = diag(row sums of A)^-1/2
        W = Ahat (LeakyReLU(Ahat (Z W1)) W2),   outputs = features W^T

    Args:
        word_embeddings: Z, float32, shape (O, 300). Neither learned nor part of a checkpoint.
        adjacency: A, float32, shape (O, O); a checkpoint brings its own.
        features: C, what the backbone gives.

    Raises:
        ShapeError: another shape.
    """

    word_embeddings: Tensor

    def __init__(self, word_embeddings: Tensor, adjacency: Tensor) -> None:
        super().__init__()
        outputs = len(word_embeddings) if word_embeddings.ndim == 2 else OUTPUTS
        for what, value, wanted in (
            ("word embeddings", word_embeddings, (outputs, WORD_FEATURES)),
            ("adjacency", adjacency, (outputs, outputs)),
        ):
            if tuple(value.shape) != wanted:
                raise ShapeError(f"{what}: expected shape {wanted}, found {tuple(value.shape)}")
        # A parameter in the checkpoints, though nothing ever trains it: `normalised_adjacency` cuts it off.
        self.A = nn.Parameter(adjacency.detach().to(torch.float32).clone())
        self.register_buffer("word_embeddings", word_embeddings.detach().to(torch.float32).clone(), persistent=False)

    def add_graph_layers(self, features: int) -> None:
        """Called once the backbone is there, so that parameters keep the order of the checkpoints' optimiser states."""
        self.gc1 = GraphLayer(WORD_FEATURES, HIDDEN)
        self.gc2 = GraphLayer(HIDDEN, features)

    def normalised_adjacency(self) -> Tensor:
        """Ahat, float32 (O, O). Of A transposed: A is not symmetric, and the weights were learned with it so."""
        adjacency = self.A.detach()
        scale = adjacency.sum(dim=1) ** -0.5
        return (adjacency * scale).T * scale

    def hidden(self) -> Tensor:
        """What the first graph layer gives, before its LeakyReLU: float32 (O, 512)."""
        return self.gc1(self.word_embeddings, self.normalised_adjacency())

    def classifiers(self) -> Tensor:
        """One vector for each output, float32 (O, C): a constant once trained."""
        return self.gc2(functional.leaky_relu(self.hidden(), LEAK), self.normalised_adjacency())

    def classify(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C) -> logits (N, O - 2), valence and arousal (N, 2)."""
        outputs = features @ self.classifiers().T
        return outputs[:, :-AFFECT], outputs[:, -AFFECT:]
