"""The small residual network of the shipped classifier in the place of Inception v3: FMPN for grey faces of 48 pixels.

Not published; made so that the motion prior can be compared with the same backbone without it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from realtime_fer.errors import ModelCorruptError, missing_extra
from realtime_fer.networks.compact_emotion_gcn import BACKBONES, FACE_SIZE_PX, Backbone, CompactEmotionGcn

try:
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("FMPN", "train", error) from error

__all__ = ["FACE_SIZE_PX", "FULL_SCALE", "CompactClassifier", "backbone_of"]

FULL_SCALE = 255.0
"""The fused picture lies in (0, 1); the backbone is made for grey levels."""


class CompactClassifier(CompactEmotionGcn):
    """Logits of a fused picture, by the backbone of `CompactEmotionGcn` and a linear head.

    All that differs from `CompactEmotionGcn(head="linear")` is the first convolution, which sees three channels.

    Args:
        classes: C.
        backbone: sizes of the residual network.
        dropout: share of features zeroed in training.
    """

    def __init__(self, classes: int, *, backbone: Backbone = BACKBONES["small"], dropout: float = 0.2) -> None:
        super().__init__(np.eye(classes), dropout, backbone, "linear")
        self.stem = nn.Conv2d(3, backbone.stem, 3, 1, 1, bias=False)

    def features(self, faces: Tensor) -> Tensor:
        """(N, 3, 48, 48) in [0, 1] -> features (N, D); each channel is standardised by itself."""
        return super().features(FULL_SCALE * faces)


def backbone_of(state: Any, what: str) -> Backbone:
    """Which backbone the tensors of a `CompactClassifier` belong to.

    Raises:
        ModelCorruptError: none of `BACKBONES`.
    """
    channels = tuple(
        int(state[name].shape[0]) for name in (f"blocks.{number}.conv1.weight" for number in range(len(state))) if name in state
    )
    for backbone in BACKBONES.values():
        if channels == tuple(width for width, _ in backbone.stages) and len(state["stem.weight"]) == backbone.stem:
            return backbone
    raise ModelCorruptError(
        f"{what}: expected one of the backbones {', '.join(BACKBONES)}, found blocks of {channels} channels"
    )
