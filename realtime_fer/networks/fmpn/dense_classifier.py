"""DenseNet-121 with the module names of torchvision's: another of FMPN's classification networks.

Huang et al., "Densely Connected Convolutional Networks", CVPR 2017 (arXiv 1608.06993).
"""

from __future__ import annotations

from collections import OrderedDict

from realtime_fer.errors import missing_extra

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("FMPN", "train", error) from error

BLOCKS = (6, 12, 24, 16)
GROWTH = 32
FIRST_CHANNELS = 64
BOTTLENECK = 4
"""The 1x1 convolution of a layer gives so many times `GROWTH` channels."""


class DenseLayer(nn.Module):  # type: ignore[misc]
    """`GROWTH` new channels of all that came before in the block."""

    def __init__(self, inside: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inside)
        self.conv1 = nn.Conv2d(inside, BOTTLENECK * GROWTH, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(BOTTLENECK * GROWTH)
        self.conv2 = nn.Conv2d(BOTTLENECK * GROWTH, GROWTH, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(functional.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(functional.relu(self.norm2(y)))], 1)


class Transition(nn.Module):  # type: ignore[misc]
    """Half the channels, half the size."""

    def __init__(self, inside: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(inside)
        self.conv = nn.Conv2d(inside, inside // 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(self.conv(functional.relu(self.norm(x))), 2)


class DenseClassifier(nn.Module):  # type: ignore[misc]
    """Logits (N, C) of a picture (N, 3, S, S)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["conv0"] = nn.Conv2d(3, FIRST_CHANNELS, 7, stride=2, padding=3, bias=False)
        layers["norm0"] = nn.BatchNorm2d(FIRST_CHANNELS)
        layers["relu0"] = nn.ReLU()
        layers["pool0"] = nn.MaxPool2d(3, stride=2, padding=1)
        inside = FIRST_CHANNELS
        for number, count in enumerate(BLOCKS, 1):
            dense = OrderedDict((f"denselayer{i + 1}", DenseLayer(inside + i * GROWTH)) for i in range(count))
            layers[f"denseblock{number}"] = nn.Sequential(dense)
            inside += count * GROWTH
            if number < len(BLOCKS):
                layers[f"transition{number}"] = Transition(inside)
                inside //= 2
        layers["norm5"] = nn.BatchNorm2d(inside)
        self.features = nn.Sequential(layers)
        self.classifier = nn.Linear(inside, classes)

    def forward(self, picture: Tensor) -> Tensor:
        x = functional.relu(self.features(picture))
        return self.classifier(functional.adaptive_avg_pool2d(x, 1).flatten(1))
