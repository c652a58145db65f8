"""FMPN's first part: where does this expression move the face? A mask in [0, 1] from the grey face.

Section 3.1 of arXiv 1902.08788; the make is that of Johnson et al., "Perceptual Losses for Real-Time Style Transfer",
ECCV 2016. Module names are those of published weights.
"""

from __future__ import annotations

from typing import Any, Literal

from realtime_fer.errors import ShapeError, missing_extra

try:
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("FMPN", "train", error) from error

Norm = Literal["batch", "instance", "none"]
"""`instance` has a catch, see `normalisation`."""

FACE_SIZE_PX = 299
CHANNELS = 64
BLOCKS = 4
BLOCK_DROPOUT = 0.5


def normalisation(norm: Norm, channels: int) -> Any:
    """The layer after a convolution.

    The instance kind keeps running statistics and, in evaluation mode, uses them instead of the picture's own: not what
    is usually called instance normalisation, but what such weights were trained and saved with.
    """
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    if norm == "instance":
        return nn.InstanceNorm2d(channels, affine=False, track_running_stats=True)
    return nn.Identity()


class ResidualBlock(nn.Module):  # type: ignore[misc]
    """x + F(x) with F = conv3x3, norm, PReLU, (dropout), conv3x3, norm, PReLU.

    Published weights need both oddities: the PReLUs have a learned slope each, and the second one stands before the sum,
    with nothing after it.
    """

    def __init__(self, channels: int, norm: Norm = "batch", *, dropout: bool = False) -> None:
        super().__init__()
        bias = norm == "instance"

        def convolution() -> Any:
            return nn.Conv2d(channels, channels, 3, padding=1, bias=bias)

        first = [convolution(), normalisation(norm, channels), nn.PReLU()]
        second = [convolution(), normalisation(norm, channels), nn.PReLU()]
        # The dropout layer shifts the names of all that follows it in the block.
        between = [nn.Dropout(BLOCK_DROPOUT)] if dropout else []
        self.conv_block = nn.Sequential(*first, *between, *second)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


class MotionMaskGenerator(nn.Module):  # type: ignore[misc]
    """Down to a quarter of the size, residual blocks, and up again.

    Args:
        size_px: side S of the face. Two halvings and doublings come back to S only where it is 0 or 3 modulo 4.
        channels: of the first convolution; twice and four times as many further in.
        blocks: residual blocks at the smallest size.
        norm: see `Norm`; convolutions have a bias only with `instance`.
        dropout: between the two halves of each block.

    Raises:
        ShapeError: of `size_px` the mask would have another size.
    """

    def __init__(
        self,
        size_px: int = FACE_SIZE_PX,
        *,
        channels: int = CHANNELS,
        blocks: int = BLOCKS,
        norm: Norm = "batch",
        dropout: bool = False,
    ) -> None:
        super().__init__()
        if size_px < 4 or size_px % 4 not in (0, 3):
            raise ShapeError(
                f"FMPN face size: expected a side of 0 or 3 modulo 4 (96, 99, 299, ...), found {size_px}; "
                "the mask would come out in another size"
            )
        self.size_px = size_px
        bias = norm == "instance"
        c, c2, c4 = channels, 2 * channels, 4 * channels

        def followed(convolution: Any, width: int) -> list[Any]:
            return [convolution, normalisation(norm, width), nn.ReLU()]

        def halved(inside: int, outside: int) -> list[Any]:
            return followed(nn.Conv2d(inside, outside, 4, stride=2, padding=1, bias=bias), outside)

        def doubled(inside: int, outside: int) -> list[Any]:
            # The output padding follows the full size, on both levels: 74 -> 149 -> 299, 24 -> 48 -> 96.
            layer = nn.ConvTranspose2d(inside, outside, 4, stride=2, padding=1, output_padding=size_px % 2, bias=bias)
            return followed(layer, outside)

        self.feature_extractor = nn.Sequential(
            *followed(nn.Conv2d(1, c, 7, padding=3, bias=bias), c),
            *halved(c, c2),
            *halved(c2, c4),
            *(ResidualBlock(c4, norm, dropout=dropout) for _ in range(blocks)),
            *doubled(c4, c2),
            *doubled(c2, c),
        )
        # Without a bias whatever the norm is.
        self.res_top = nn.Sequential(nn.Conv2d(c, 1, 7, padding=3, bias=False), nn.Sigmoid())

    def forward(self, grey: Tensor) -> tuple[Tensor, Tensor]:
        """Mask (N, 1, S, S) in [0, 1], and the features (N, channels, S, S) it is made of, which nothing else uses.

        Args:
            grey: float32 (N, 1, S, S) in [0, 1], not standardised.
        """
        features = self.feature_extractor(grey)
        return self.res_top(features), features
