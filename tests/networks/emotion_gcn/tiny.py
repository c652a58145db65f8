"""Emotion-GCN with few layers and random weights, so that a test takes milliseconds."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
import torch

from realtime_fer.networks.emotion_gcn import model
from realtime_fer.networks.emotion_gcn.model import BackboneName, EmotionNetwork, Kind, build_network

BACKBONES: tuple[BackboneName, ...] = ("densenet121", "bregnext50")
KINDS: tuple[Kind, ...] = ("emotion-gcn", "multi-task", "single-task")
NETWORKS = list(product(BACKBONES, KINDS))


def shrink(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on networks are built with few layers."""
    monkeypatch.setitem(model.LAYERS, "densenet121", (1, 2, 1, 1))
    monkeypatch.setitem(model.LAYERS, "bregnext50", (2, 1, 1))


def word_embeddings() -> torch.Tensor:
    return 0.4 * torch.randn(9, 300, generator=torch.Generator().manual_seed(9))


def trained_looking(backbone: BackboneName, kind: Kind) -> EmotionNetwork:
    """Norms, shortcuts and the graph's A are not the identity, so that a wrong fold shows; in evaluation mode."""
    torch.manual_seed(1)
    network = build_network(backbone, kind, word_embeddings=word_embeddings() if kind == "emotion-gcn" else None)
    with torch.no_grad():
        for name, value in network.named_parameters():
            if name == "A":
                value.copy_(torch.eye(9) / 2 + torch.rand(9, 9) / 10)
            elif name.endswith(("_a", "_c")) or "norm" in name:
                value.add_(0.3 * torch.rand_like(value))
        for name, value in network.named_buffers():
            if name.endswith("running_mean"):
                value.normal_(0, 0.2)
            elif name.endswith("running_var"):
                value.uniform_(0.5, 2)
    return network.eval()


def save_checkpoint(path: Path, network: EmotionNetwork) -> Path:
    """As the authors' training writes it."""
    momentum = {"state": {0: {"momentum_buffer": torch.zeros(3)}}, "param_groups": [{"lr": 0.001, "params": [0]}]}
    torch.save({"epoch": 3, "model_state_dict": network.state_dict(), "optimizer_state_dict": momentum}, path)
    return path
