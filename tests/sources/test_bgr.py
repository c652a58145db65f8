from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.sources.bgr import to_bgr


def test_bgr_is_returned_as_it_is() -> None:
    image = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    assert to_bgr(image) is image


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 1)])
def test_grey_becomes_three_equal_channels(shape: tuple[int, ...]) -> None:
    grey = np.arange(15, dtype=np.uint8).reshape(shape)
    bgr = to_bgr(grey)
    assert bgr.shape == (3, 5, 3)
    assert bgr.dtype == np.uint8
    for channel in range(3):
        np.testing.assert_array_equal(bgr[..., channel], grey.reshape(3, 5))


def test_alpha_is_dropped_and_colours_kept_in_order() -> None:
    bgra = np.zeros((2, 3, 4), np.uint8)
    bgra[...] = (10, 20, 30, 0)
    np.testing.assert_array_equal(to_bgr(bgra), np.broadcast_to(np.array([10, 20, 30], np.uint8), (2, 3, 3)))


def test_sixteen_bits_are_scaled_over_their_whole_range() -> None:
    image = np.array([[0, 257, 32896, 65535, 65534]], np.uint16)
    np.testing.assert_array_equal(to_bgr(image)[0, :, 0], [0, 1, 128, 255, 255])


def test_sixteen_bit_alpha_picture() -> None:
    bgra = np.full((1, 1, 4), (0, 65535, 257, 1000), np.uint16)
    np.testing.assert_array_equal(to_bgr(bgra)[0, 0], [0, 255, 1])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_from_0_to_1(dtype: type) -> None:
    np.testing.assert_array_equal(to_bgr(np.array([[0, 0.5, 1.0]], dtype))[0, :, 2], [0, 128, 255])


def test_bool_is_black_and_white() -> None:
    np.testing.assert_array_equal(to_bgr(np.array([[True, False]]))[0, :, 0], [255, 0])


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (1, 1, 4), (7, 1), (479, 641, 3)])
def test_tiny_and_odd_sizes(shape: tuple[int, ...]) -> None:
    assert to_bgr(np.zeros(shape, np.uint8)).shape == (*shape[:2], 3)


def test_views_become_contiguous() -> None:
    bgr = to_bgr(np.zeros((8, 8, 3), np.uint8)[::2, ::2])
    assert bgr.flags.c_contiguous


@pytest.mark.parametrize("shape", [(0, 5), (5, 0, 3), (4, 4, 2), (4, 4, 5), (4,), (1, 4, 4, 3)])
def test_impossible_shapes_are_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"a\.png: expected .* found shape"):
        to_bgr(np.zeros(shape, np.uint8), "a.png")


@pytest.mark.parametrize("value", [1.5, -0.2, float("nan")])
def test_floats_out_of_range_are_refused(value: float) -> None:
    with pytest.raises(ShapeError, match=r"\[0, 1\]"):
        to_bgr(np.full((2, 2), value, np.float32))


def test_other_types_are_refused() -> None:
    with pytest.raises(ShapeError, match="int32"):
        to_bgr(np.zeros((2, 2), np.int32))
