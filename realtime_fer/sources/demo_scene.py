"""What the demo shows at each moment: two portraits that move, turn, change size, pass each other and are lit from a side."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.sources.demo_portraits import Portrait, load_portraits
from realtime_fer.types import ImageBgr

WIDTH, HEIGHT = 640, 480
FPS = 30.0

PASSES_EVERY_S = 10.0
"""One whole round of both: they pass each other twice in it, at a quarter and at three quarters."""

NEUTRAL_LIGHT = 128
"""In the light map this value leaves a pixel as it is."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a portrait is: its centre in pixels, its scale, its turn in degrees (anticlockwise)."""

    x: float
    y: float
    scale: float
    angle_deg: float


def collins_pose(time_s: float) -> Pose:
    """Eileen Collins goes from side to side, and once in a while comes nearer."""
    return Pose(
        x=320 - 190 * math.cos(2 * math.pi * time_s / PASSES_EVERY_S),
        y=182 + 24 * math.sin(2 * math.pi * time_s / 6.1),
        scale=0.95 + 0.25 * math.sin(2 * math.pi * time_s / 8.3 + 3.4),
        angle_deg=5 * math.sin(2 * math.pi * time_s / 4.7),
    )


def hopper_pose(time_s: float) -> Pose:
    """Grace Hopper goes the other way, so that the two pass each other, and leaves the view for a while in between."""
    away = _bump((time_s % PASSES_EVERY_S - 6.3) / 1.7)
    return Pose(
        x=325 + 185 * math.cos(2 * math.pi * time_s / PASSES_EVERY_S + 0.2) - 420 * away,
        y=290 + 20 * math.sin(2 * math.pi * time_s / 5.3 + 1.0),
        scale=0.92 + 0.2 * math.sin(2 * math.pi * time_s / 9.1 + 1.2),
        angle_deg=4 * math.sin(2 * math.pi * time_s / 5.9 + 0.5),
    )


def _bump(x: float) -> float:
    """1 at 0, falling smoothly to 0 at -1 and 1 and beyond."""
    return (1 - x * x) ** 2 if abs(x) < 1 else 0.0


class DemoScene:
    """Renders frames; frame `i` depends on `i` alone.

    Raises:
        MissingExtraError: the packages with the portraits are not installed.
    """

    def __init__(self) -> None:
        self._collins, self._hopper = load_portraits()
        self._background = _background()
        self._light = _light_map()

    def render(self, index: int) -> ImageBgr:
        """Frame `index` (from 0): uint8, shape (480, 640, 3), a new array."""
        time_s = index / FPS
        image = self._background.copy()
        both = [(self._collins, collins_pose(time_s)), (self._hopper, hopper_pose(time_s))]
        if time_s % PASSES_EVERY_S > PASSES_EVERY_S / 2:  # they are apart at both changes
            both.reverse()
        for portrait, pose in both:
            _draw(image, portrait, pose)
        # The lamp wanders over a map twice as wide as the view, and its strength swells a little.
        offset = round(WIDTH / 2 * (1 + math.sin(2 * math.pi * time_s / 14.0)))
        strength = 1 + 0.08 * math.sin(2 * math.pi * time_s / 5.0)
        lit = cv2.multiply(image, self._light[:, offset : offset + WIDTH], scale=strength / NEUTRAL_LIGHT)
        return np.asarray(lit, dtype=np.uint8)


def _draw(image: ImageBgr, portrait: Portrait, pose: Pose) -> None:
    """Lay a portrait over `image`, in place; what lies outside is left out."""
    height, width = portrait.alpha.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), pose.angle_deg, pose.scale)
    turn[:, 2] += (pose.x - width / 2, pose.y - height / 2)
    corners = turn @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]], dtype=np.float64)
    left, top = np.maximum(np.floor(corners.min(axis=1)), 0).astype(int)
    right, bottom = np.minimum(np.ceil(corners.max(axis=1)), (WIDTH, HEIGHT)).astype(int)
    if left >= right or top >= bottom:
        return
    turn[:, 2] -= (left, top)
    size = (int(right - left), int(bottom - top))
    over = cv2.warpAffine(portrait.image_bgr, turn, size, flags=cv2.INTER_LINEAR)
    alpha = cv2.warpAffine(portrait.alpha, turn, size, flags=cv2.INTER_LINEAR)
    seen_through = cv2.cvtColor(cv2.bitwise_not(alpha), cv2.COLOR_GRAY2BGR)
    under = image[top:bottom, left:right]
    image[top:bottom, left:right] = cv2.add(cv2.multiply(under, seen_through, scale=1 / 255), over)


def _background() -> ImageBgr:
    """A wall in soft grey-blue with a few blurred lights, as behind a camera's short depth of field."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    wall = np.stack([168 - rows * 0.14, 158 - rows * 0.16, 146 - rows * 0.17], axis=-1)
    spots = (
        (90, 110, 70, 34),
        (300, 60, 95, 26),
        (520, 150, 80, 38),
        (600, 330, 60, 20),
        (180, 380, 90, -22),
        (430, 420, 110, -26),
    )
    for x, y, radius, gain in spots:
        glow = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2))
        wall += glow[..., None] * np.array([0.75, 0.9, 1.0], dtype=np.float32) * gain
    grain = np.random.default_rng(7).normal(0, 1.5, (HEIGHT, WIDTH, 1)).astype(np.float32)  # against banding
    return np.clip(np.rint(wall + grain), 0, 255).astype(np.uint8)


def _light_map() -> npt.NDArray[np.uint8]:
    """uint8, shape (480, 1280, 3): a warm lamp in the middle, cooler and darker towards the sides."""
    columns = np.linspace(-1, 1, 2 * WIDTH, dtype=np.float32)
    near = np.exp(-((columns / 0.55) ** 2))
    rows = np.linspace(1.04, 0.94, HEIGHT, dtype=np.float32)[:, None, None]
    row = np.stack([0.90 + 0.10 * near, 0.86 + 0.20 * near, 0.82 + 0.28 * near], axis=-1)
    return np.clip(np.rint(row[None] * rows * NEUTRAL_LIGHT), 0, 255).astype(np.uint8)
