"""ResNet-50 and ResNet-152 with the module names of torchvision's: FMPN's other classification networks.

He et al., "Deep Residual Learning for Image Recognition", CVPR 2016 (arXiv 1512.03385), with the stride in the 3x3
convolution of a block, as torchvision has it.
"""

from __future__ import annotations

from collections.abc import Sequence

from realtime_fer.errors import missing_extra

try:
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("FMPN", "train", error) from error

RESNET50_BLOCKS = (3, 4, 6, 3)
RESNET152_BLOCKS = (3, 8, 36, 3)
EXPANSION = 4
"""A block's output has so many times the channels of its inside."""


class Bottleneck(nn.Module):  # type: ignore[misc]
    """ReLU(F(x) + P(x)) with F = 1x1, 3x3, 1x1; P is x, or a 1x1 convolution where the shape changes."""

    def __init__(self, inside: int, narrow: int, stride: int) -> None:
        super().__init__()
        outside = EXPANSION * narrow
        self.conv1 = nn.Conv2d(inside, narrow, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(narrow)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(narrow)
        self.conv3 = nn.Conv2d(narrow, outside, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outside)
        self.downsample = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(nn.Conv2d(inside, outside, 1, stride=stride, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResidualClassifier(nn.Module):  # type: ignore[misc]
    """Logits (N, C) of a picture (N, 3, S, S); `blocks` in each of the four stages."""

    def __init__(self, classes: int, blocks: Sequence[int] = RESNET50_BLOCKS) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inside = 64
        for number, count in enumerate(blocks, 1):
            narrow, stage = 64 * 2 ** (number - 1), []
            for index in range(count):
                stage.append(Bottleneck(inside, narrow, 2 if index == 0 and number > 1 else 1))
                inside = EXPANSION * narrow
            setattr(self, f"layer{number}", nn.Sequential(*stage))
        self.fc = nn.Linear(inside, classes)

    def features(self, picture: Tensor) -> Tensor:
        """(N, 3, S, S) -> (N, 2048), the mean over the last maps."""
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(picture))), 3, stride=2, padding=1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return functional.adaptive_avg_pool2d(x, 1).flatten(1)

    def forward(self, picture: Tensor) -> Tensor:
        return self.fc(self.features(picture))
