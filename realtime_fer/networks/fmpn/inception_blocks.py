"""The blocks of Inception v3: branches side by side over one input, their maps stacked.

Branch names are torchvision's. `w` in the signatures gives the number of channels for a published one, see `InceptionV3`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realtime_fer.errors import missing_extra

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("FMPN", "train", error) from error

Width = Callable[[int], int]

NORM_EPS = 0.001
"""Not torch's usual 1e-5."""


class ConvNormRelu(nn.Module):  # type: ignore[misc]
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(self, inside: int, outside: int, kernel: Any, **more: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, kernel, bias=False, **more)
        self.bn = nn.BatchNorm2d(outside, eps=NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv(x)))


def _smoothed(x: Tensor) -> Tensor:
    return functional.avg_pool2d(x, 3, stride=1, padding=1)


class SquareFilters(nn.Module):  # type: ignore[misc]
    """At 35 x 35: 1x1, 5x5, two 3x3, pooling (figure 5 of the paper, with the 5x5 kept)."""

    def __init__(self, inside: int, pooled: int, w: Width) -> None:
        super().__init__()
        self.branch1x1 = ConvNormRelu(w(inside), w(64), 1)
        self.branch5x5_1 = ConvNormRelu(w(inside), w(48), 1)
        self.branch5x5_2 = ConvNormRelu(w(48), w(64), 5, padding=2)
        self.branch3x3dbl_1 = ConvNormRelu(w(inside), w(64), 1)
        self.branch3x3dbl_2 = ConvNormRelu(w(64), w(96), 3, padding=1)
        self.branch3x3dbl_3 = ConvNormRelu(w(96), w(96), 3, padding=1)
        self.branch_pool = ConvNormRelu(w(inside), w(pooled), 1)

    def forward(self, x: Tensor) -> Tensor:
        five = self.branch5x5_2(self.branch5x5_1(x))
        threes = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, threes, self.branch_pool(_smoothed(x))], 1)


class GridTo17(nn.Module):  # type: ignore[misc]
    """From 35 x 35 to 17 x 17 (figure 10)."""

    def __init__(self, inside: int, w: Width) -> None:
        super().__init__()
        self.branch3x3 = ConvNormRelu(w(inside), w(384), 3, stride=2)
        self.branch3x3dbl_1 = ConvNormRelu(w(inside), w(64), 1)
        self.branch3x3dbl_2 = ConvNormRelu(w(64), w(96), 3, padding=1)
        self.branch3x3dbl_3 = ConvNormRelu(w(96), w(96), 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        threes = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), threes, functional.max_pool2d(x, 3, stride=2)], 1)


class FactorisedSevens(nn.Module):  # type: ignore[misc]
    """At 17 x 17: 7x7 as 1x7 and 7x1 (figure 6); `narrow` channels inside the branches."""

    def __init__(self, inside: int, narrow: int, w: Width) -> None:
        super().__init__()
        n = w(narrow)
        wide: dict[str, Any] = {"kernel": (1, 7), "padding": (0, 3)}
        tall: dict[str, Any] = {"kernel": (7, 1), "padding": (3, 0)}
        self.branch1x1 = ConvNormRelu(w(inside), w(192), 1)
        self.branch7x7_1 = ConvNormRelu(w(inside), n, 1)
        self.branch7x7_2 = ConvNormRelu(n, n, **wide)
        self.branch7x7_3 = ConvNormRelu(n, w(192), **tall)
        self.branch7x7dbl_1 = ConvNormRelu(w(inside), n, 1)
        self.branch7x7dbl_2 = ConvNormRelu(n, n, **tall)
        self.branch7x7dbl_3 = ConvNormRelu(n, n, **wide)
        self.branch7x7dbl_4 = ConvNormRelu(n, n, **tall)
        self.branch7x7dbl_5 = ConvNormRelu(n, w(192), **wide)
        self.branch_pool = ConvNormRelu(w(inside), w(192), 1)

    def forward(self, x: Tensor) -> Tensor:
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        return torch.cat([self.branch1x1(x), once, twice, self.branch_pool(_smoothed(x))], 1)


class GridTo8(nn.Module):  # type: ignore[misc]
    """From 17 x 17 to 8 x 8."""

    def __init__(self, inside: int, w: Width) -> None:
        super().__init__()
        self.branch3x3_1 = ConvNormRelu(w(inside), w(192), 1)
        self.branch3x3_2 = ConvNormRelu(w(192), w(320), 3, stride=2)
        self.branch7x7x3_1 = ConvNormRelu(w(inside), w(192), 1)
        self.branch7x7x3_2 = ConvNormRelu(w(192), w(192), (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = ConvNormRelu(w(192), w(192), (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = ConvNormRelu(w(192), w(192), 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([three, seven, functional.max_pool2d(x, 3, stride=2)], 1)


class WideFilters(nn.Module):  # type: ignore[misc]
    """At 8 x 8: 1x3 and 3x1 side by side (figure 7)."""

    def __init__(self, inside: int, w: Width) -> None:
        super().__init__()
        self.branch1x1 = ConvNormRelu(w(inside), w(320), 1)
        self.branch3x3_1 = ConvNormRelu(w(inside), w(384), 1)
        self.branch3x3_2a = ConvNormRelu(w(384), w(384), (1, 3), padding=(0, 1))
        self.branch3x3_2b = ConvNormRelu(w(384), w(384), (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = ConvNormRelu(w(inside), w(448), 1)
        self.branch3x3dbl_2 = ConvNormRelu(w(448), w(384), 3, padding=1)
        self.branch3x3dbl_3a = ConvNormRelu(w(384), w(384), (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = ConvNormRelu(w(384), w(384), (3, 1), padding=(1, 0))
        self.branch_pool = ConvNormRelu(w(inside), w(192), 1)

    def forward(self, x: Tensor) -> Tensor:
        single = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pairs = [self.branch3x3_2a(single), self.branch3x3_2b(single)]
        pairs += [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)]
        return torch.cat([self.branch1x1(x), *pairs, self.branch_pool(_smoothed(x))], 1)
