"""Inception v3 without the auxiliary head, with the module names of torchvision's, so that its weight files load.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016 (arXiv 1512.00567).
"""

from __future__ import annotations

from realtime_fer.errors import missing_extra
from realtime_fer.networks.fmpn.inception_blocks import (
    ConvNormRelu,
    FactorisedSevens,
    GridTo8,
    GridTo17,
    SquareFilters,
    WideFilters,
)

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("FMPN", "train", error) from error

FIRST_CHANNELS = 32
POOLED_CHANNELS = 2048
SMALLEST_FACE_PX = 75
"""Below it nothing is left of the picture at the end."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class InceptionV3(nn.Module):  # type: ignore[misc]
    """Logits of a picture.

    Args:
        classes: C.
        width: scales every number of channels, for small trials; 1 is the published network, steps of 1/16.
        dropout: before the last layer, in training.
    """

    def __init__(self, classes: int, *, width: float = 1.0, dropout: float = 0.5) -> None:
        super().__init__()

        def w(channels: int) -> int:
            return max(1, round(channels * width))

        self.Conv2d_1a_3x3 = ConvNormRelu(3, w(FIRST_CHANNELS), 3, stride=2)
        self.Conv2d_2a_3x3 = ConvNormRelu(w(32), w(32), 3)
        self.Conv2d_2b_3x3 = ConvNormRelu(w(32), w(64), 3, padding=1)
        self.Conv2d_3b_1x1 = ConvNormRelu(w(64), w(80), 1)
        self.Conv2d_4a_3x3 = ConvNormRelu(w(80), w(192), 3)
        self.Mixed_5b = SquareFilters(192, 32, w)
        self.Mixed_5c = SquareFilters(256, 64, w)
        self.Mixed_5d = SquareFilters(288, 64, w)
        self.Mixed_6a = GridTo17(288, w)
        self.Mixed_6b = FactorisedSevens(768, 128, w)
        self.Mixed_6c = FactorisedSevens(768, 160, w)
        self.Mixed_6d = FactorisedSevens(768, 160, w)
        self.Mixed_6e = FactorisedSevens(768, 192, w)
        self.Mixed_7a = GridTo8(768, w)
        self.Mixed_7b = WideFilters(1280, w)
        self.Mixed_7c = WideFilters(2048, w)
        self.dropout = nn.Dropout(dropout)
        # torchvision's `transform_input`: from ImageNet's mean and deviation to 0.5 and 0.5. It is meant for standardised
        # pictures; FMPN hands it the output of a sigmoid instead, and its weights were trained so.
        std, mean = torch.tensor(IMAGENET_STD)[:, None, None], torch.tensor(IMAGENET_MEAN)[:, None, None]
        self.register_buffer("input_scale", std / 0.5, persistent=False)
        self.register_buffer("input_shift", (mean - 0.5) / 0.5, persistent=False)
        self.fc = nn.Linear(w(POOLED_CHANNELS), classes)

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, S, S) in [0, 1], S at least 75, -> (N, C)."""
        return self.fc(self.dropout(self.features(picture)))

    def features(self, picture: Tensor) -> Tensor:
        """(N, 3, S, S) -> (N, 2048), the mean over the last maps."""
        x = picture * self.input_scale + self.input_shift
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = functional.max_pool2d(x, 3, stride=2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))
        x = functional.max_pool2d(x, 3, stride=2)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return functional.adaptive_avg_pool2d(x, 1).flatten(1)
