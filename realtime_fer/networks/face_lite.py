"""FaceLite: a small face detector without anchor boxes, of plain 3 x 3 convolutions.

A residual backbone, a feature pyramid (Lin et al., CVPR 2017) and one prediction a cell at strides 8, 16 and 32: a
score and the distances from the cell's centre to the four sides of the face, as in FCOS (Tian et al., ICCV 2019). Few
dense channels at the early, large maps: on one CPU thread they are faster than depthwise convolutions of the same cost.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from realtime_fer.errors import missing_extra

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("the FaceLite detector", "train", error) from error

STRIDES_PX = (8, 16, 32)
"""Side of a cell of each pyramid level, pixels of the input."""

STEM_CHANNELS = (16, 32)
STAGES = ((48, 2), (64, 2), (64, 1))
"""(channels, residual blocks) of the maps at strides 8, 16 and 32. Multiples of 16 suit AVX-512."""

PYRAMID_CHANNELS = 32

PRIOR_SCORE = 0.01
"""What an untrained network says of each cell; almost no cell sees a face."""

MAX_LOG_DISTANCE = 4.0
"""No side is further than exp(4) = 55 cells from a centre; keeps an untrained network finite."""

NORM_MOMENTUM = 0.03
"""Of the running statistics; batches are small and their pictures differ."""


class Predictions(NamedTuple):
    """What the network says of each of the A cells of N pictures.

    Attributes:
        logits: scores before the sigmoid, float32 (N, A).
        boxes_xyxy: pixels of the input, float32 (N, A, 4).
        centres_xy: of the cells, pixels of the input, float32 (A, 2).
        strides_px: of the cells, float32 (A,).
    """

    logits: Tensor
    boxes_xyxy: Tensor
    centres_xy: Tensor
    strides_px: Tensor


class ConvNormRelu(nn.Sequential):  # type: ignore[misc]
    """3 x 3 convolution, batch normalisation, ReLU: (N, I, H, W) -> (N, O, H / stride, W / stride)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(channels_out, momentum=NORM_MOMENTUM),
            nn.ReLU(inplace=True),
        )


class PlainResidual(nn.Module):  # type: ignore[misc]
    """ReLU(x + BN(conv(ReLU(BN(conv(x)))))), shape unchanged."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvNormRelu(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels, momentum=NORM_MOMENTUM)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return functional.relu(x + self.norm(self.second(self.first(x))))


class FaceLite(nn.Module):  # type: ignore[misc]
    """Pictures to a score and a box for each cell.

    Shapes: N pictures, H and W multiples of 32, A = H * W * (1/64 + 1/256 + 1/1024) cells, finest level first and row
    by row within a level.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(ConvNormRelu(3, STEM_CHANNELS[0], 2), ConvNormRelu(*STEM_CHANNELS, 2))
        self.stages, self.laterals = nn.ModuleList(), nn.ModuleList()
        self.heads, self.outputs = nn.ModuleList(), nn.ModuleList()
        channels = STEM_CHANNELS[1]
        for channels_out, blocks in STAGES:
            residuals = [PlainResidual(channels_out) for _ in range(blocks)]
            self.stages.append(nn.Sequential(ConvNormRelu(channels, channels_out, 2), *residuals))
            self.laterals.append(nn.Conv2d(channels_out, PYRAMID_CHANNELS, 1))
            self.heads.append(ConvNormRelu(PYRAMID_CHANNELS, PYRAMID_CHANNELS))
            output = nn.Conv2d(PYRAMID_CHANNELS, 5, 1)
            nn.init.normal_(output.weight, std=0.01)
            nn.init.zeros_(output.bias)
            output.bias.data[0] = math.log(PRIOR_SCORE / (1 - PRIOR_SCORE))
            self.outputs.append(output)
            channels = channels_out

    def forward(self, images: Tensor) -> Predictions:
        """RGB in [0, 1], float32 (N, 3, H, W)."""
        maps = []
        x = self.stem(images)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        pyramid = [lateral(level) for lateral, level in zip(self.laterals, maps, strict=True)]
        for finer in (1, 0):
            # Nearest neighbour by a factor: exports to one operator for any size.
            pyramid[finer] = pyramid[finer] + functional.interpolate(pyramid[finer + 1], scale_factor=2.0, mode="nearest")
        raw = [output(head(level)) for output, head, level in zip(self.outputs, self.heads, pyramid, strict=True)]
        cells = [_cell_centres(level, stride) for level, stride in zip(raw, STRIDES_PX, strict=True)]
        centres = torch.cat(cells)
        strides = torch.cat([torch.full_like(c[:, 0], s) for c, s in zip(cells, STRIDES_PX, strict=True)])
        # In float32 also under autocast: a coordinate of 300 has steps of 2 in bfloat16.
        flat = torch.cat([level.float().flatten(2) for level in raw], dim=2).transpose(1, 2)
        distances = flat[..., 1:].clamp(max=MAX_LOG_DISTANCE).exp() * strides[:, None]
        boxes = torch.cat([centres - distances[..., :2], centres + distances[..., 2:]], dim=2)
        return Predictions(flat[..., 0], boxes, centres, strides)


class FaceLiteForExport(nn.Module):  # type: ignore[misc]
    """The layout of a YOLOv8 head: (N, 3, H, W) -> (N, 5, A) of cx, cy, w, h in pixels of the input and the score."""

    def __init__(self, network: FaceLite) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """RGB in [0, 1], float32 (N, 3, H, W) -> float32 (N, 5, A)."""
        found = self.network(images)
        low, high = found.boxes_xyxy[..., :2], found.boxes_xyxy[..., 2:]
        return torch.cat([(low + high) / 2, high - low, found.logits.sigmoid()[..., None]], dim=2).transpose(1, 2)


def _cell_centres(level: Tensor, stride: int) -> Tensor:
    """Centres of the cells of one map (N, C, H, W), row by row: float32 (H * W, 2) as x, y."""
    height, width = level.shape[2], level.shape[3]
    ys = (torch.arange(height, device=level.device, dtype=torch.float32) + 0.5) * stride
    xs = (torch.arange(width, device=level.device, dtype=torch.float32) + 0.5) * stride
    grid_y = ys[:, None].expand(height, width)
    grid_x = xs[None, :].expand(height, width)
    return torch.stack([grid_x.reshape(-1), grid_y.reshape(-1)], dim=1)
