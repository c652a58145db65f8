from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.evaluation.robustness import ROBUSTNESS_TABLE, blurred, covered, dark, jpeg, moved, small, unchanged


def faces() -> np.ndarray:
    rows, columns = np.mgrid[0:48, 0:48]
    return np.stack([(128 + 100 * np.sin(rows / 3) * np.cos(columns / 4)), rows * 4.0]).astype(np.uint8)


@pytest.mark.parametrize("name", ROBUSTNESS_TABLE)
def test_every_change_keeps_shape_and_type_and_repeats(name: str) -> None:
    images = faces()
    changed = ROBUSTNESS_TABLE[name](images)
    assert changed.shape == images.shape
    assert changed.dtype == np.uint8
    assert (ROBUSTNESS_TABLE[name](images) == changed).all()
    assert (changed == images).all() == (name == "as they are")


def test_small_and_blurred_lose_detail() -> None:
    images = faces()
    assert small(16)(images)[0].std() < small(32)(images)[0].std() < images[0].std()
    assert blurred(2)(images)[0].std() < blurred(1)(images)[0].std() < images[0].std()


def test_dark_scales_and_adds_grain() -> None:
    flat = np.full((4, 48, 48), 200, np.uint8)
    changed = dark(0.3, 4)(flat).astype(float)
    assert changed.mean() == pytest.approx(60, abs=0.3)
    assert changed.std() == pytest.approx(4, rel=0.05)


def test_jpeg_loses_more_at_a_lower_quality() -> None:
    images = faces()
    assert np.abs(jpeg(10)(images).astype(int) - images).mean() > np.abs(jpeg(90)(images).astype(int) - images).mean()


def test_moved_goes_where_it_says() -> None:
    dot = np.zeros((1, 48, 48), np.uint8)
    dot[0, 10, 30] = 255
    there = moved(shift=(0.125, 0.25))(dot)[0]
    assert np.unravel_index(there.argmax(), there.shape) == (22, 36)
    turned = moved(tilt_degrees=90)(dot)[0]
    assert np.unravel_index(turned.argmax(), turned.shape) == (17, 10)
    # A face twice as large: twice as far from the centre.
    block = np.zeros((1, 48, 48), np.uint8)
    block[0, 18:30, 18:30] = 255
    assert moved(scale=2)(block).mean() == pytest.approx(4 * block.mean(), rel=0.1)


def test_covered_hides_its_third_alone() -> None:
    images = faces()
    hidden = covered("lower")(images)
    assert (hidden[:, :32] == images[:, :32]).all()
    assert np.ptp(hidden[0, 32:]) == 0
    assert unchanged(images) is images
