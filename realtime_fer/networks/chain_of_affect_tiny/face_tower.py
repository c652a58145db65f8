"""The eyes of the tiny model: the convolutional trunk of a trained compact Emotion-GCN, never trained further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from realtime_fer.errors import missing_extra
from realtime_fer.networks.compact_emotion_gcn import FACE_SIZE_PX, MIN_VARIANCE, ResidualBlock

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("chain-of-affect-tiny in torch", "vlm", error) from error

_NOT_TRUNK: Final = ("graph.", "bias")
"""What of a compact Emotion-GCN classifies; the rest is its trunk."""


class FaceTower(nn.Module):  # type: ignore[misc]
    """Grey faces to a small map and its summary.

    Shapes: N faces, S = 48 pixels, C channels of the last stage, P places of its map.

    Args:
        stem: channels of the first convolution.
        stages: (channels, stride) of each residual block.
    """

    def __init__(self, stem: int, stages: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, stem, 3, 1, 1, bias=False)
        self.stem_norm = nn.BatchNorm2d(stem)
        blocks, channels, side = [], stem, FACE_SIZE_PX
        for channels_out, stride in stages:
            blocks.append(ResidualBlock(channels, channels_out, stride))
            channels, side = channels_out, side // stride
        self.blocks = nn.Sequential(*blocks)
        self.pooling = nn.Parameter(torch.full((channels, side, side), 1 / side**2))
        self.channels = channels
        self.places = side * side
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> FaceTower:
        """Stays in evaluation mode: its statistics are those it was trained with."""
        super().train(False)
        return self

    def load_trunk(self, classifier: Mapping[str, Tensor]) -> None:
        """Take over the weights of a compact Emotion-GCN (its state dict).

        Raises:
            RuntimeError: it has another backbone.
        """
        self.load_state_dict({name: value for name, value in classifier.items() if not name.startswith(_NOT_TRUNK)})

    def forward(self, faces: Tensor) -> Tensor:
        """Grey faces (N, 1, S, S), 0..255 -> what it sees, float32 (N, 1 + P, C): the summary, then each place, row by row."""
        mean = faces.mean(dim=(2, 3), keepdim=True)
        centred = faces - mean
        standard = centred / torch.sqrt(centred.square().mean(dim=(2, 3), keepdim=True) + MIN_VARIANCE)
        maps = self.blocks(functional.relu(self.stem_norm(self.stem(standard)))).float()
        summary = (maps * self.pooling).sum(dim=(2, 3))
        return torch.cat([summary[:, None], maps.flatten(2).transpose(1, 2)], dim=1)
