"""BReG-NeXt-50: a residual network whose shortcuts bend their input by a learned, bounded-gradient function.

Source: Hasani, Negi and Mahoor, "BReG-NeXt: Facial Affect Computing Using Adaptive Residual Networks With Bounded
Gradient", IEEE Transactions on Affective Computing 13(2), 2022; sizes and normalisation as Emotion-GCN uses it.
"""

from __future__ import annotations

from collections.abc import Sequence

from realtime_fer.errors import ShapeError, missing_extra

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("Emotion-GCN", "train", error) from error

BREGNEXT_50_LAYERS = (7, 8, 7)
"""Layers that keep their size, at 32, 64 and 128 channels; one that halves the side lies between."""

CHANNELS = (32, 64, 128)
SIDE_MULTIPLE = 4
"""Two strided layers; on an odd side convolution and pooling would disagree by a pixel."""


class BoundedShortcut(nn.Module):  # type: ignore[misc]
    """h(x) = arctan(a x / sqrt(c^2 + 1)) / (a sqrt(c^2 + 1)), a and c learned; undefined at a = 0."""

    def __init__(self) -> None:
        super().__init__()
        self._a = nn.Parameter(torch.ones(1))
        self._c = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, kept."""
        root = torch.sqrt(self._c**2 + 1)
        return torch.atan(self._a * x / root) / (self._a * root)


class BoundedResidual(nn.Module):  # type: ignore[misc]
    """F(x) + P(h(x)) with F = BN, ELU, conv3x3, BN, ELU, conv3x3 and P pooling and zero channels where the shape changes.

    Nothing follows the addition; the next layer begins with its own normalisation.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self._conv0 = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1)
        self._conv1 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        nn.init.kaiming_uniform_(self._conv0.weight)
        nn.init.kaiming_uniform_(self._conv1.weight)
        self._shortcut = BoundedShortcut()
        self._batchnorm_conv0 = nn.BatchNorm2d(channels_in)
        self._batchnorm_conv1 = nn.BatchNorm2d(channels_out)
        self.stride = stride
        self.padded_channels = (channels_out - channels_in) // 2

    def forward(self, x: Tensor) -> Tensor:
        """(N, I, H, W) -> (N, O, H / stride, W / stride)."""
        inner = self._conv0(functional.elu(self._batchnorm_conv0(x)))
        inner = self._conv1(functional.elu(self._batchnorm_conv1(inner)))
        passed = self._shortcut(x)
        if self.stride > 1:
            passed = functional.avg_pool2d(passed, self.stride)
        if self.padded_channels:
            passed = functional.pad(passed, (0, 0, 0, 0, self.padded_channels, self.padded_channels))
        return inner + passed


class _Stage(nn.Module):  # type: ignore[misc]
    """Layers in a row, under the name that the checkpoints give them."""

    def __init__(self, channels_in: int, channels_out: int, stride: int, layers: int) -> None:
        super().__init__()
        first = BoundedResidual(channels_in, channels_out, stride)
        self._layer_stack = nn.Sequential(first, *(BoundedResidual(channels_out, channels_out, 1) for _ in range(layers - 1)))

    def forward(self, x: Tensor) -> Tensor:
        """(N, I, H, W) -> (N, O, H / stride, W / stride)."""
        return self._layer_stack(x)


class BregNextFeatures(nn.Module):  # type: ignore[misc]
    """RGB (N, 3, S, S), normalised, S a multiple of 4 -> (N, 128).

    Args:
        layers: see `BREGNEXT_50_LAYERS`.
    """

    def __init__(self, layers: Sequence[int] = BREGNEXT_50_LAYERS) -> None:
        super().__init__()
        low, middle, high = CHANNELS
        self.channels = high
        self._conv0 = nn.Conv2d(3, low, 3, padding=1)
        self._model = nn.Sequential(
            _Stage(low, low, 1, layers[0]),
            _Stage(low, middle, 2, 1),
            _Stage(middle, middle, 1, layers[1]),
            _Stage(middle, high, 2, 1),
            _Stage(high, high, 1, layers[2]),
            nn.BatchNorm2d(high),
            nn.ELU(),
            nn.AdaptiveAvgPool2d(1),
        )

    def residuals(self) -> list[BoundedResidual]:
        """Every residual layer, in order."""
        return [module for module in self._model.modules() if isinstance(module, BoundedResidual)]

    def pooled(self, images: Tensor) -> Tensor:
        """(N, 3, S, S) -> (N, 128).

        Raises:
            ShapeError: the side is no multiple of 4.
        """
        if images.shape[2] % SIDE_MULTIPLE or images.shape[3] % SIDE_MULTIPLE:
            raise ShapeError(f"BReG-NeXt: expected a side that is a multiple of {SIDE_MULTIPLE}, found {tuple(images.shape)}")
        return self._model(self._conv0(images)).flatten(1)
