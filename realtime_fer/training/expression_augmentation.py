"""What the live path does to a face before the classifier sees it, drawn at random for whole batches on the device.

The detector's box jitters (scale, shift), heads tilt, light varies, faces are as small as 16 pixels, video is
compressed, hands cover mouths. Everything works on float32 tensors (N, 1, S, S) of grey levels 0..255.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from realtime_fer.errors import ShapeError, missing_extra

try:
    import torch
    from torch import Tensor
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("augmenting faces", "train", error) from error

SCALE_RANGE = (0.8, 1.25)
MAX_SHIFT = 0.10
"""Of the crop's side; twice what a box of a good detector is off."""
MAX_TILT_DEGREES = 15.0
MOVE_PROBABILITY = 0.9
LIGHT_PROBABILITY = 0.4
SMALL_PROBABILITY = 0.15
SMALL_SIDES_PX = (16, 20, 24, 28, 32, 40)
BLUR_PROBABILITY = 0.12
NOISE_PROBABILITY = 0.12
JPEG_PROBABILITY = 0.15
COVER_PROBABILITY = 0.2
MAX_COVERED = 0.25
"""Share of the crop's area that an occlusion may hide."""
JPEG_BLOCK_PX = 8

# The luminance table of ITU-T T.81, annex K.1.
_JPEG_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def augment(faces: Tensor, generator: torch.Generator, camera_share: float = 1.0) -> Tensor:
    """One random draw of everything below for each face of the batch; same shape, whole grey levels.

    Args:
        camera_share: of the usual number of faces that are spoiled as a camera does (small, blurred, grainy,
            compressed); 0 leaves moves, light and occlusion.

    Raises:
        ShapeError: not (N, 1, S, S), or S is no multiple of 8 (the JPEG blocks).
    """
    if faces.ndim != 4 or faces.shape[1] != 1 or faces.shape[2] != faces.shape[3] or faces.shape[2] % JPEG_BLOCK_PX:
        raise ShapeError(f"faces: expected (N, 1, S, S) with S a multiple of 8, found {tuple(faces.shape)}")
    faces = move(faces, generator)
    faces = _sometimes(relight, faces, LIGHT_PROBABILITY, generator)
    faces = _sometimes(cover, faces, COVER_PROBABILITY, generator)
    faces = _sometimes(shrink_and_enlarge, faces, camera_share * SMALL_PROBABILITY, generator)
    faces = _sometimes(blur, faces, camera_share * BLUR_PROBABILITY, generator)
    faces = _sometimes(add_noise, faces, camera_share * NOISE_PROBABILITY, generator)
    faces = _sometimes(compress, faces, camera_share * JPEG_PROBABILITY, generator)
    return faces.clamp(0, 255).round()


def move(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror half of the faces; scale, shift and tilt most of them, edges replicated."""
    count = len(faces)
    moved = (_uniform(count, 0, 1, generator, faces) < MOVE_PROBABILITY).float()
    low, high = (math.log(v) for v in SCALE_RANGE)
    scale = torch.exp(moved * _uniform(count, low, high, generator, faces))
    # A detector's box is off in width and height independently.
    stretch = torch.exp(moved * _uniform(count, -0.06, 0.06, generator, faces))
    tilt = moved * _uniform(count, -math.radians(MAX_TILT_DEGREES), math.radians(MAX_TILT_DEGREES), generator, faces)
    mirror = torch.where(_uniform(count, 0, 1, generator, faces) < 0.5, -1.0, 1.0)
    shift_x = moved * _uniform(count, -2 * MAX_SHIFT, 2 * MAX_SHIFT, generator, faces)
    shift_y = moved * _uniform(count, -2 * MAX_SHIFT, 2 * MAX_SHIFT, generator, faces)
    cos, sin = torch.cos(tilt), torch.sin(tilt)
    # affine_grid maps places in the result to places in the source, so a larger face divides.
    along_x, along_y = stretch / scale, 1 / (stretch * scale)
    rows = torch.stack([cos * along_x * mirror, -sin * along_y, shift_x, sin * along_x * mirror, cos * along_y, shift_y], dim=1)
    grid = functional.affine_grid(rows.view(count, 2, 3), list(faces.shape), align_corners=False)
    moved_faces = functional.grid_sample(faces, grid, mode="bicubic", padding_mode="border", align_corners=False)
    return moved_faces.clamp(0, 255)


def relight(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Gamma, contrast and brightness with clipping, and light from one side."""
    count, side = len(faces), faces.shape[-1]
    gamma = torch.exp(_uniform(count, -0.6, 0.6, generator, faces)).view(-1, 1, 1, 1)
    contrast = torch.exp(_uniform(count, -0.8, 0.4, generator, faces)).view(-1, 1, 1, 1)
    brightness = _uniform(count, -35, 35, generator, faces).view(-1, 1, 1, 1)
    slope = _uniform(count, 0, 0.5, generator, faces).view(-1, 1, 1, 1)
    direction = _uniform(count, 0, 2 * math.pi, generator, faces).view(-1, 1, 1, 1)
    ramp = torch.linspace(-1, 1, side, device=faces.device)
    light = 1 + slope * (torch.cos(direction) * ramp.view(1, 1, 1, -1) + torch.sin(direction) * ramp.view(1, 1, -1, 1))
    lit = 255 * ((faces / 255).clamp(0, 1) ** gamma) * light
    middle = lit.mean(dim=(2, 3), keepdim=True)
    return (contrast * (lit - middle) + middle + brightness).clamp(0, 255)


def cover(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Hide an ellipse or a rectangle: a hand, hair, a cup, the edge of the picture."""
    count, side = len(faces), faces.shape[-1]
    area = _uniform(count, 0.02, MAX_COVERED, generator, faces)
    aspect = torch.exp(_uniform(count, -0.9, 0.9, generator, faces))
    # Half axes in units of the crop's side; an ellipse covers pi a b of it, a rectangle 4 a b.
    half_x = (torch.sqrt(area * aspect) / 2).view(-1, 1, 1, 1)
    half_y = (torch.sqrt(area / aspect) / 2).view(-1, 1, 1, 1)
    centre_x = _uniform(count, 0, 1, generator, faces).view(-1, 1, 1, 1)
    centre_y = _uniform(count, 0, 1, generator, faces).view(-1, 1, 1, 1)
    places = (torch.arange(side, device=faces.device) + 0.5) / side
    from_x = ((places.view(1, 1, 1, -1) - centre_x) / half_x).abs()
    from_y = ((places.view(1, 1, -1, 1) - centre_y) / half_y).abs()
    is_ellipse = (_uniform(count, 0, 1, generator, faces) < 0.5).view(-1, 1, 1, 1)
    hidden = torch.where(is_ellipse, from_x.square() + from_y.square() < 1, torch.maximum(from_x, from_y) < 1)
    own = faces.mean(dim=(2, 3), keepdim=True) + 20 * torch.randn((count, 1, 1, 1), generator=generator, device=faces.device)
    any_grey = _uniform(count, 0, 255, generator, faces).view(-1, 1, 1, 1)
    # A hand has the skin of its owner; everything else has any shade.
    paint = torch.where((_uniform(count, 0, 1, generator, faces) < 0.5).view(-1, 1, 1, 1), own, any_grey)
    texture = 8 * torch.randn(faces.shape, generator=generator, device=faces.device)
    return torch.where(hidden, (paint + texture).clamp(0, 255), faces)


def shrink_and_enlarge(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Show faces as a camera does from afar: averaged down to a few pixels, then interpolated up again."""
    side = faces.shape[-1]
    sizes = torch.randint(len(SMALL_SIDES_PX), (len(faces),), generator=generator, device=faces.device)
    result = faces.clone()
    for index, small in enumerate(SMALL_SIDES_PX):
        rows = torch.nonzero(sizes == index).flatten()
        if len(rows):
            shrunk = functional.interpolate(faces[rows], size=(small, small), mode="area")
            result[rows] = functional.interpolate(shrunk, size=(side, side), mode="bilinear", align_corners=False)
    return result


def blur(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian blur, another width and, as of motion, another direction for each face."""
    count = len(faces)
    sigma_x = _uniform(count, 0.3, 1.6, generator, faces).view(-1, 1)
    sigma_y = _uniform(count, 0.3, 1.6, generator, faces).view(-1, 1)
    radius = 4
    places = torch.arange(-radius, radius + 1, device=faces.device, dtype=torch.float32).view(1, -1)
    kernel_x = torch.exp(-0.5 * (places / sigma_x).square())
    kernel_y = torch.exp(-0.5 * (places / sigma_y).square())
    kernel_x, kernel_y = kernel_x / kernel_x.sum(1, keepdim=True), kernel_y / kernel_y.sum(1, keepdim=True)
    # Shifted copies: convolutions with a kernel for each face are slow on CPUs.
    padded = functional.pad(faces, (radius, radius, radius, radius), mode="replicate")
    side = faces.shape[-1]
    along_x = sum(kernel_x[:, k].view(-1, 1, 1, 1) * padded[..., k : k + side] for k in range(2 * radius + 1))
    blurred: Tensor = sum(kernel_y[:, k].view(-1, 1, 1, 1) * along_x[..., k : k + side, :] for k in range(2 * radius + 1))
    return blurred


def add_noise(faces: Tensor, generator: torch.Generator) -> Tensor:
    """A dark sensor's grain."""
    sigma = _uniform(len(faces), 2, 10, generator, faces).view(-1, 1, 1, 1)
    return (faces + sigma * torch.randn(faces.shape, generator=generator, device=faces.device)).clamp(0, 255)


def compress(faces: Tensor, generator: torch.Generator) -> Tensor:
    """JPEG's loss: the cosine transform of 8x8 blocks, rounded as a quality of 20 to 85 would."""
    count, side = len(faces), faces.shape[-1]
    quality = _uniform(count, 20, 85, generator, faces)
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    table = torch.tensor(_JPEG_LUMINANCE, dtype=torch.float32, device=faces.device)
    steps = ((table * percent.view(-1, 1, 1) + 50) / 100).floor().clamp(1, 255).view(-1, 1, 1, 8, 8)
    transform = _cosine_transform().to(faces.device)
    blocks = faces.view(count, side // 8, 8, side // 8, 8).permute(0, 1, 3, 2, 4) - 128
    rounded = torch.round(transform @ blocks @ transform.T / steps) * steps
    restored = (transform.T @ rounded @ transform + 128).clamp(0, 255)
    return restored.permute(0, 1, 3, 2, 4).reshape(faces.shape)


def _cosine_transform() -> Tensor:
    """The orthonormal DCT-II of length 8 as a matrix."""
    index = torch.arange(JPEG_BLOCK_PX, dtype=torch.float32)
    matrix = torch.cos(math.pi * (2 * index.view(1, -1) + 1) * index.view(-1, 1) / (2 * JPEG_BLOCK_PX))
    matrix[0] /= math.sqrt(2)
    return matrix * math.sqrt(2 / JPEG_BLOCK_PX)


def _sometimes(
    change: Callable[[Tensor, torch.Generator], Tensor], faces: Tensor, probability: float, generator: torch.Generator
) -> Tensor:
    """Apply `change` to a random part of the batch only: most of the work is saved."""
    rows = torch.nonzero(torch.rand(len(faces), generator=generator, device=faces.device) < probability).flatten()
    if len(rows) == 0:
        return faces
    result = faces.clone()
    result[rows] = change(faces[rows], generator)
    return result


def _uniform(count: int, low: float, high: float, generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.rand(count, generator=generator, device=like.device) * (high - low) + low
