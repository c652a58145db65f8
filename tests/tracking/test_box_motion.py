from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_fer.tracking.box_motion import (
    CENTRE_NOISE_SIZES,
    SPEED_SIZES_PER_S,
    VELOCITY_MEMORY_S,
    BoxMotion,
    time_step,
)


def state(motion: BoxMotion) -> list[float]:
    return [motion.cx, motion.cy, motion.vx, motion.vy, motion.w, motion.h, motion.uncertainty_sizes]


def moving_box() -> BoxMotion:
    motion = BoxMotion(100, 100, 40, 50)
    for frame in range(1, 20):
        motion.advance(time_step(0.04))
        motion.correct(100 + 3 * frame, 100 - 2 * frame, 40, 50)
    return motion


@given(parts=st.lists(st.floats(0, 0.5), min_size=1, max_size=8))
def test_many_short_steps_are_one_long_step(parts: list[float]) -> None:
    stepwise, at_once = moving_box(), moving_box()
    for part in parts:
        stepwise.advance(time_step(part))
    at_once.advance(time_step(sum(parts)))
    np.testing.assert_allclose(state(stepwise), state(at_once), rtol=1e-6)


def test_agrees_with_the_filter_in_matrix_form() -> None:
    rng = np.random.default_rng(0)
    motion = BoxMotion(50.0, 0.0, 20.0, 20.0)
    x = np.array([50.0, 0.0])
    covariance = np.diag([(CENTRE_NOISE_SIZES * 20) ** 2, (SPEED_SIZES_PER_S * 20) ** 2])
    h = np.array([[1.0, 0.0]])
    for _ in range(30):
        dt = float(rng.uniform(0.01, 0.3))
        step = time_step(dt)
        f = np.array(
            [[1.0, VELOCITY_MEMORY_S * (1 - math.exp(-dt / VELOCITY_MEMORY_S))], [0.0, math.exp(-dt / VELOCITY_MEMORY_S)]]
        )
        # The process noise by integration over the step, in place of the closed form.
        times = (np.arange(4000) + 0.5) * dt / 4000
        spread = np.stack([VELOCITY_MEMORY_S * (1 - np.exp(-times / VELOCITY_MEMORY_S)), np.exp(-times / VELOCITY_MEMORY_S)])
        q = spread @ spread.T * (dt / 4000) * 2 * (SPEED_SIZES_PER_S * 20) ** 2 / VELOCITY_MEMORY_S
        motion.advance(step)
        x, covariance = f @ x, f @ covariance @ f.T + q
        z = float(rng.normal(60, 5))
        motion.correct(z, 0.0, 20.0, 20.0)
        innovation = h @ covariance @ h.T + (CENTRE_NOISE_SIZES * 20) ** 2
        gain = covariance @ h.T / innovation
        x = x + gain[:, 0] * (z - x[0])
        covariance = (np.eye(2) - gain @ h) @ covariance
        np.testing.assert_allclose([motion.cx, motion.vx], x, rtol=1e-4)
        assert motion.uncertainty_sizes == pytest.approx(math.sqrt(covariance[0, 0]) / 20, rel=1e-4)


def test_learns_a_velocity_and_follows_without_lag() -> None:
    motion = moving_box()
    assert motion.vx == pytest.approx(75, rel=0.1)
    assert motion.vy == pytest.approx(-50, rel=0.1)
    assert motion.cx == pytest.approx(157, abs=1.0)
    motion.advance(time_step(0.04))
    assert motion.cx == pytest.approx(160, abs=1.0)


def test_velocity_fades_and_the_box_comes_to_rest() -> None:
    motion = moving_box()
    x, vx = motion.cx, motion.vx
    motion.advance(time_step(100.0))
    assert motion.vx == pytest.approx(0.0, abs=1e-6)
    assert motion.cx == pytest.approx(x + vx * VELOCITY_MEMORY_S)


def test_uncertainty_grows_without_looking_and_shrinks_by_it() -> None:
    motion = moving_box()
    before = motion.uncertainty_sizes
    motion.advance(time_step(0.3))
    grown = motion.uncertainty_sizes
    motion.correct(motion.cx, motion.cy, 40, 50)
    assert before < grown
    assert motion.uncertainty_sizes < grown


def test_a_doubtful_box_moves_it_less() -> None:
    usual, doubtful = moving_box(), moving_box()
    for motion, factor in ((usual, 1.0), (doubtful, 3.0)):
        motion.advance(time_step(0.04))
        motion.correct(200, 100, 80, 100, noise_factor=factor)
    assert doubtful.cx < usual.cx < 200
    assert doubtful.w < usual.w < 80


def test_size_follows_and_stays_positive() -> None:
    motion = BoxMotion(0, 0, 40, 50)
    for _ in range(50):
        motion.advance(time_step(0.04))
        motion.correct(0, 0, 4, 80)
    assert motion.w == pytest.approx(4, rel=0.01)
    assert motion.h == pytest.approx(80, rel=0.01)


@given(scale=st.floats(0.05, 20))
def test_a_near_face_and_a_far_one_behave_alike(scale: float) -> None:
    one, other = BoxMotion(10, 20, 30, 40), BoxMotion(10 * scale, 20 * scale, 30 * scale, 40 * scale)
    for x, y, w, h in ((12, 19, 31, 40), (15, 17, 33, 38), (20, 20, 30, 44)):
        for motion, k in ((one, 1.0), (other, scale)):
            motion.advance(time_step(0.05))
            motion.correct(x * k, y * k, w * k, h * k)
    np.testing.assert_allclose(np.array(one.xyxy()) * scale, other.xyxy(), rtol=1e-6, atol=1e-6)


def test_no_time_changes_nothing() -> None:
    motion = moving_box()
    before = state(motion)
    motion.advance(time_step(0.0))
    assert state(motion) == before


def test_corners() -> None:
    assert BoxMotion(10, 20, 4, 6).xyxy() == (8, 17, 12, 23)
    assert BoxMotion(0, 0, 9, 4).size == 6
