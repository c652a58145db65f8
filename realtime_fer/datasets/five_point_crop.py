"""The tight, upright cut of a face that FMPN was trained on, from five landmarks.

How the authors cut their faces is not published. Their masks show where the parts of a face ended up: eyes near 0.25 and 0.74
of the width and 0.28 of the height, mouth near 0.73 of the height, each give or take 0.03 of the side. `TEMPLATE` is an
estimate from that; its nose and the width of its mouth follow the usual proportions of a face. Faces are longer than that:
over the 2,372 frames of CK+ whose landmarks FMPN published, eyes come to 0.27 and 0.72, at 0.27 of the height, the mouth to
0.74 of it.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.video_frame import ImageRgb
from realtime_fer.errors import ShapeError

Points = npt.NDArray[np.float64]
"""float64 (5, 2): x, y of left eye, right eye, nose, left and right corner of the mouth; left and right in the picture."""

TEMPLATE: Final = ((0.25, 0.28), (0.74, 0.28), (0.495, 0.50), (0.295, 0.73), (0.695, 0.73))
"""Where the five points go, in shares of the side."""

SIDE_PX: Final = 320
"""FMPN's loader resizes to this before it cuts 299 x 299 out."""

IN_68: Final = ((36, 42), (42, 48), (30, 31), (48, 49), (54, 55))
"""Of the 68 points of AffectNet and CK+, which to average for each of the five, from and up to."""


def five_of_68(points: npt.NDArray[np.float64]) -> Points:
    """The five points among the 68 of the usual annotation; float64 (68, 2) -> (5, 2).

    Raises:
        ShapeError: there are not 68 points.
    """
    if points.shape != (68, 2):
        raise ShapeError(f"landmarks: expected an array (68, 2), found {points.shape}")
    return np.array([points[first:end].mean(axis=0) for first, end in IN_68])


def similarity(source: Points, target: Points) -> npt.NDArray[np.float64]:
    """Turn, scale and shift that bring one set of points nearest to another, in least squares; no mirroring.

    Args:
        source, target: float64 (N, 2), N of 2 or more, in the same order.

    Returns:
        float64 (2, 3), for `cv2.warpAffine`.

    Raises:
        ShapeError: shapes differ or are others, a coordinate is not finite, or all source points are one.
    """
    if source.shape != target.shape or source.ndim != 2 or source.shape[1] != 2 or len(source) < 2:
        raise ShapeError(f"points: expected two arrays (N, 2), N of 2 or more, found {source.shape} and {target.shape}")
    # As complex numbers a similarity is w = a z + b, and a has a closed form.
    z, w = (points[:, 0] + 1j * points[:, 1] for points in (source, target))
    spread = z - z.mean()
    size = float((np.abs(spread) ** 2).sum())
    if not np.isfinite(size) or size == 0 or not np.isfinite(w).all():
        raise ShapeError("points: expected finite coordinates of different points, found others")
    a = complex((spread.conj() * (w - w.mean())).sum() / size)
    b = complex(w.mean() - a * z.mean())
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def five_point_crop(image_rgb: ImageRgb, points: Points, side_px: int = SIDE_PX) -> ImageRgb:
    """The face cut upright: uint8 (side, side, 3), black outside the picture.

    Args:
        image_rgb: uint8 (H, W, 3).
        points: see `Points`, pixels of the picture.

    Raises:
        ShapeError: these are no five points.
    """
    if points.shape != (len(TEMPLATE), 2):
        raise ShapeError(f"landmarks: expected an array (5, 2), found {points.shape}")
    matrix = similarity(points.astype(np.float64), np.array(TEMPLATE) * side_px)
    # Where the face shrinks much, every pixel must count: average first, then turn.
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:
        height, width = image_rgb.shape[:2]
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        image_rgb = np.asarray(cv2.resize(image_rgb, small, interpolation=cv2.INTER_AREA), np.uint8)
        points = points * (small[0] / width, small[1] / height)
        matrix = similarity(points, np.array(TEMPLATE) * side_px)
    return np.asarray(cv2.warpAffine(image_rgb, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR), np.uint8)
