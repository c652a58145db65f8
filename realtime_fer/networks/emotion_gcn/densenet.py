"""DenseNet-121 without its classifier, with the tensor names of torchvision.

Source: Huang, Liu, van der Maaten and Weinberger, "Densely Connected Convolutional Networks", CVPR 2017, table 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from realtime_fer.errors import missing_extra

try:
    import torch
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("Emotion-GCN", "train", error) from error

DENSENET_121_LAYERS = (6, 12, 24, 16)
"""Dense layers of each block."""

STEM_CHANNELS = 64
GROWTH = 32
"""Channels that each dense layer adds."""

BOTTLENECK = 4 * GROWTH
"""Channels between the two convolutions of a dense layer."""


class DenseLayer(nn.Module):  # type: ignore[misc]
    """x beside conv3x3(ReLU(BN(conv1x1(ReLU(BN(x)))))): (N, I, H, W) -> (N, I + 32, H, W)."""

    def __init__(self, channels_in: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, BOTTLENECK, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(BOTTLENECK)
        self.conv2 = nn.Conv2d(BOTTLENECK, GROWTH, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, I, H, W) -> (N, I + 32, H, W)."""
        inner = self.conv1(torch.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(torch.relu(self.norm2(inner)))], dim=1)


class Transition(nn.Module):  # type: ignore[misc]
    """Half the channels, half the side: (N, I, H, W) -> (N, I / 2, H / 2, W / 2), odd sides rounded down."""

    def __init__(self, channels_in: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels_in)
        self.conv = nn.Conv2d(channels_in, channels_in // 2, 1, bias=False)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, I, H, W) -> (N, I / 2, H / 2, W / 2)."""
        return self.pool(self.conv(torch.relu(self.norm(x))))


class DenseNetFeatures(nn.Sequential):  # type: ignore[misc]
    """RGB (N, 3, S, S), normalised -> (N, C, S / 32, S / 32); C is 1024 with the published layers.

    The last thing is a batch normalisation: values may be negative, and what follows decides what becomes of that.

    Args:
        layers: dense layers of each block.
    """

    def __init__(self, layers: Sequence[int] = DENSENET_121_LAYERS) -> None:
        super().__init__()
        self.add_module("conv0", nn.Conv2d(3, STEM_CHANNELS, 7, stride=2, padding=3, bias=False))
        self.add_module("norm0", nn.BatchNorm2d(STEM_CHANNELS))
        self.add_module("relu0", nn.ReLU())
        self.add_module("pool0", nn.MaxPool2d(3, stride=2, padding=1))
        channels = STEM_CHANNELS
        for number, count in enumerate(layers, 1):
            block = nn.Sequential()
            for layer in range(1, count + 1):
                block.add_module(f"denselayer{layer}", DenseLayer(channels))
                channels += GROWTH
            self.add_module(f"denseblock{number}", block)
            if number < len(layers):
                self.add_module(f"transition{number}", Transition(channels))
                channels //= 2
        self.add_module("norm5", nn.BatchNorm2d(channels))
        self.channels = channels
