"""A model folder of the tiny chain model that was hardly trained: small, quick, and whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def write_faces(path: Path, count: int = 60) -> Path:
    """Light on the left: happiness, and some surprise; on the right: anger alone."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (count, 48, 48), dtype=np.uint8)
    votes = np.zeros((count, 10), np.uint8)
    images[::2, :, :24] += 150
    images[1::2, :, 24:] += 150
    votes[::2, 1], votes[::2, 2] = 7, 3
    votes[1::2, 4], votes[1::2, 0] = 9, 1
    np.savez(path, images=images, votes=votes)
    return path


def write_vision(path: Path) -> Path:
    """A checkpoint as the expression training leaves it, of a network that has learned nothing."""
    import torch

    from realtime_fer.networks.compact_emotion_gcn import BACKBONES, CompactEmotionGcn

    torch.manual_seed(3)
    table = np.full((8, 8), 0.2) + 0.8 * np.eye(8)
    network = CompactEmotionGcn(table, backbone=BACKBONES["small"])
    contents = {
        "recipe": {"backbone": "small"},
        "average": network.state_dict(),
        "cooccurrence": torch.from_numpy(table),
    }
    torch.save(contents, path)
    return path


def train_tiny(folder: Path, out: Path, **settings: Any) -> Path:
    """A short training in `out` on faces and eyes in `folder`, made when absent -> its checkpoint."""
    from realtime_fer.training.chain_of_affect_tiny.run import train_chain_of_affect_tiny

    data, vision = folder / "faces.npz", folder / "vision.pt"
    if not data.is_file():
        write_faces(data)
        write_vision(vision)
    defaults: dict[str, Any] = {
        "epochs": 2,
        "batch": 12,
        "peak_learning_rate": 5e-3,
        "hidden_size": 32,
        "intermediate_size": 48,
        "layers": 1,
        "heads": 2,
        "threads": 1,
        "seed": 1,
    }
    return train_chain_of_affect_tiny(data=data, vision_from=vision, out=out, **{**defaults, **settings})
