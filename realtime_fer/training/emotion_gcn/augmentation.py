"""What training does to a face, as published: its shorter side to the network's, mirrored or not, turned a little.

The authors' ColorJitter had no arguments and changed nothing, so there is none here.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from realtime_fer.networks.emotion_gcn.preprocessing import ImageRgb, resize_shorter_side

MIRROR_CHANCE: Final = 0.5

_FIXED_POINT_BITS: Final = 16
"""Pillow walks through the picture in steps of 2^-16 pixel; the same here takes the same pixels."""


def square_face(face_rgb: ImageRgb, size_px: int) -> ImageRgb:
    """The face as the network takes it: uint8 (S, S, 3); of a cut that is not square, the middle.

    The published cuts are square; other data sets' need not be, and a batch has one shape.

    Raises:
        ShapeError: as `resize_shorter_side`.
    """
    resized = resize_shorter_side(face_rgb, size_px)
    top, left = (resized.shape[0] - size_px) // 2, (resized.shape[1] - size_px) // 2
    return resized[top : top + size_px, left : left + size_px]


def augmented(face_rgb: ImageRgb, rng: np.random.Generator, rotation_degrees: float) -> ImageRgb:
    """A square face, mirrored in half of all draws and turned by up to so many degrees either way: uint8, same shape."""
    mirrored, angle = rng.random() < MIRROR_CHANCE, rng.uniform(-rotation_degrees, rotation_degrees)
    turned = rotated(face_rgb[:, ::-1] if mirrored else face_rgb, float(angle))
    return np.ascontiguousarray(turned)


def rotated(image: ImageRgb, degrees: float) -> ImageRgb:
    """The picture turned counter-clockwise about its middle, nearest pixel, black outside: uint8 (H, W, C).

    Pixel for pixel what Pillow's `Image.rotate` gives for angles that are no multiple of 90.
    """
    height, width = image.shape[:2]
    turn = math.radians(degrees)
    cosine, sine = math.cos(turn), math.sin(turn)
    # Where the middle of the output's first pixel comes from, and one step to the right and down.
    x0 = width / 2 - (width / 2) * cosine + (height / 2) * sine + 0.5 * cosine - 0.5 * sine
    y0 = height / 2 - (width / 2) * sine - (height / 2) * cosine + 0.5 * sine + 0.5 * cosine
    across, down = np.arange(width)[None, :], np.arange(height)[:, None]
    x = (_fixed(x0) + across * _fixed(cosine) - down * _fixed(sine)) >> _FIXED_POINT_BITS
    y = (_fixed(y0) + across * _fixed(sine) + down * _fixed(cosine)) >> _FIXED_POINT_BITS
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    result = np.zeros_like(image)
    result[inside] = image[y[inside], x[inside]]
    return result


def _fixed(value: float) -> int:
    return math.floor(value * (1 << _FIXED_POINT_BITS) + 0.5)
