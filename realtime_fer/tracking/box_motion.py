"""How one face's box moves: a Kalman filter that knows real time.

The centre moves with a velocity that fades while nothing new is heard of it (an Ornstein-Uhlenbeck process): over
some tenths of a second that is constant velocity, over seconds the face stays where it went. Width and height drift on
a logarithmic scale. All noise is in units of the face's own size, so a near face and a far one behave alike.

Both axes have the same noise, so they share one 2 x 2 covariance, and everything is plain floats: on matrices this small
numpy costs ten times the arithmetic.

Source: the discrete Kalman filter (Kalman, J. Basic Eng. 82, 1960); the exact process noise of an integrated
Ornstein-Uhlenbeck process (Singer, IEEE Trans. AES-6(4), 1970, with velocity in the place of acceleration).
"""

from __future__ import annotations

import math
from typing import NamedTuple

SPEED_SIZES_PER_S = 1.5
"""How fast a face usually moves on the picture, in its own sizes a second (standard deviation)."""

VELOCITY_MEMORY_S = 1.0
"""Time after which an unobserved velocity has faded to a third."""

SIZE_DRIFT_PER_SQRT_S = 0.25
"""How much the logarithm of width and height drifts in one second (standard deviation)."""

CENTRE_NOISE_SIZES = 0.03
"""Error of a detector's box centre, in sizes of the face (standard deviation)."""

SIZE_NOISE = 0.06
"""Error of the logarithm of a detector's width and height (standard deviation)."""


class TimeStep(NamedTuple):
    """What a step of `dt_s` seconds does to any face; computed once a frame.

    Attributes:
        fade: what is left of the velocity.
        reach_s: seconds' worth of the old velocity that the centre moves.
        q_position, q_cross, q_velocity: process noise of centre and velocity, for a face of size 1.
        q_size: process noise of log width and log height.
    """

    fade: float
    reach_s: float
    q_position: float
    q_cross: float
    q_velocity: float
    q_size: float


def time_step(dt_s: float) -> TimeStep:
    """The step of the motion model over `dt_s` seconds, at least 0."""
    tau = VELOCITY_MEMORY_S
    fade = math.exp(-dt_s / tau)
    gone = 1.0 - fade
    variance = SPEED_SIZES_PER_S**2
    return TimeStep(
        fade=fade,
        reach_s=tau * gone,
        q_position=max(0.0, variance * tau * tau * (2 * dt_s / tau - 2 * gone - gone * gone)),
        q_cross=variance * tau * gone * gone,
        q_velocity=variance * (1.0 - fade * fade),
        q_size=SIZE_DRIFT_PER_SQRT_S**2 * dt_s,
    )


class BoxMotion:
    """One box and what is known of its motion. Pixels and seconds; `w` and `h` must be above 0.

    Attributes:
        cx, cy: centre.
        w, h: width and height.
        vx, vy: velocity of the centre, pixels a second.
    """

    __slots__ = ("_p_cross", "_p_position", "_p_size", "_p_velocity", "cx", "cy", "h", "vx", "vy", "w")

    def __init__(self, cx: float, cy: float, w: float, h: float) -> None:
        self.cx, self.cy, self.w, self.h = cx, cy, w, h
        self.vx = self.vy = 0.0
        area = w * h
        self._p_position = CENTRE_NOISE_SIZES**2 * area
        self._p_cross = 0.0
        self._p_velocity = SPEED_SIZES_PER_S**2 * area
        self._p_size = SIZE_NOISE**2

    @property
    def size(self) -> float:
        """Geometric mean of width and height."""
        return math.sqrt(self.w * self.h)

    @property
    def uncertainty_sizes(self) -> float:
        """Standard deviation of the centre along one axis, in sizes of the face."""
        return math.sqrt(self._p_position / (self.w * self.h))

    def advance(self, step: TimeStep) -> None:
        """Move on in time without looking."""
        area = self.w * self.h
        fade, reach = step.fade, step.reach_s
        self.cx += reach * self.vx
        self.cy += reach * self.vy
        self.vx *= fade
        self.vy *= fade
        cross, velocity = self._p_cross, self._p_velocity
        self._p_position += reach * (2.0 * cross + reach * velocity) + step.q_position * area
        self._p_cross = fade * (cross + reach * velocity) + step.q_cross * area
        self._p_velocity = fade * fade * velocity + step.q_velocity * area
        self._p_size += step.q_size

    def correct(self, cx: float, cy: float, w: float, h: float, *, noise_factor: float = 1.0) -> None:
        """Take in a detector's box; its usual error is multiplied by `noise_factor`."""
        noise = (CENTRE_NOISE_SIZES * noise_factor) ** 2 * self.w * self.h
        position, cross = self._p_position, self._p_cross
        gain_position = position / (position + noise)
        gain_velocity = cross / (position + noise)
        off_x, off_y = cx - self.cx, cy - self.cy
        self.cx += gain_position * off_x
        self.cy += gain_position * off_y
        self.vx += gain_velocity * off_x
        self.vy += gain_velocity * off_y
        self._p_position = (1.0 - gain_position) * position
        self._p_cross = (1.0 - gain_position) * cross
        self._p_velocity -= gain_velocity * cross
        gain_size = self._p_size / (self._p_size + (SIZE_NOISE * noise_factor) ** 2)
        # A step on the logarithmic scale.
        self.w *= (w / self.w) ** gain_size
        self.h *= (h / self.h) ** gain_size
        self._p_size *= 1.0 - gain_size

    def xyxy(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        half_w, half_h = 0.5 * self.w, 0.5 * self.h
        return self.cx - half_w, self.cy - half_h, self.cx + half_w, self.cy + half_h
