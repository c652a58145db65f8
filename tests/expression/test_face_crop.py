from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_fer.expression.face_crop import cut_face, square_window
from tests.fakes import box


def gradient(width: int = 100, height: int = 80) -> np.ndarray:
    """Blue is the column, green the row."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.arange(width)[None, :]
    image[..., 1] = np.arange(height)[:, None]
    return image


def test_window_is_square_centred_and_has_the_margin() -> None:
    assert square_window(box(10, 20, 30, 60), 0.0) == (0, 20, 40)
    assert square_window(box(10, 20, 30, 60), 0.25) == (-10, 10, 60)


def test_inside_the_frame_pixels_are_those_of_the_frame() -> None:
    image = gradient()
    crop = cut_face(image, box(20, 30, 36, 46), size_px=16, margin=0.0, grey=False)
    assert crop is not None
    np.testing.assert_array_equal(crop, cv2.cvtColor(image[30:46, 20:36], cv2.COLOR_BGR2RGB))


def test_over_the_border_the_rim_is_repeated_and_proportions_stay() -> None:
    image = gradient()
    crop = cut_face(image, box(-8, 30, 8, 46), size_px=16, margin=0.0, grey=False)
    assert crop is not None
    assert (crop[:, :8, 2] == 0).all()
    np.testing.assert_array_equal(crop[0, 8:, 2], np.arange(8))
    np.testing.assert_array_equal(crop[:, 4, 1], np.arange(30, 46))


def test_grey_is_the_usual_weighting() -> None:
    image = gradient()
    crop = cut_face(image, box(20, 30, 36, 46), size_px=16, margin=0.0, grey=True)
    np.testing.assert_array_equal(crop, cv2.cvtColor(image[30:46, 20:36], cv2.COLOR_BGR2GRAY))


def test_shrinking_averages_instead_of_picking() -> None:
    checker = np.indices((64, 64)).sum(0) % 2 * 255
    image = np.repeat(checker[..., None], 3, 2).astype(np.uint8)
    crop = cut_face(image, box(0, 0, 64, 64), size_px=8, margin=0.0, grey=True)
    assert crop is not None
    assert 126 <= crop.min() <= crop.max() <= 129


@pytest.mark.parametrize("times", [1, 2, 3, 4, 6, 8])
def test_an_enlarged_face_comes_back_to_the_grey_level(times: int) -> None:
    face = np.random.default_rng(times).integers(0, 256, (24, 24), dtype=np.uint8)
    large = cv2.cvtColor(np.kron(face, np.ones((times, times), np.uint8)), cv2.COLOR_GRAY2BGR)
    image = np.asarray(cv2.copyMakeBorder(large, 5, 5, 5, 5, cv2.BORDER_CONSTANT), np.uint8)
    crop = cut_face(image, box(5, 5, 5 + 24 * times, 5 + 24 * times), size_px=24, margin=0.0, grey=True)
    np.testing.assert_array_equal(crop, face)


@pytest.mark.parametrize("outside", [(200, 10, 240, 50), (-50, 10, -20, 30), (10, 500, 20, 510)])
def test_no_pixel_of_the_frame_gives_none(outside: tuple[float, float, float, float]) -> None:
    assert cut_face(gradient(), box(*outside), size_px=16, margin=0.0, grey=True) is None


def test_a_box_that_is_not_finite_gives_none() -> None:
    assert cut_face(gradient(), box(float("nan"), 0, 10, 10), size_px=16, margin=0.0, grey=True) is None


def test_the_frame_is_not_changed() -> None:
    image = gradient()
    before = image.copy()
    crop = cut_face(image, box(0, 0, 16, 16), size_px=16, margin=0.0, grey=False)
    assert crop is not None
    crop[:] = 0
    np.testing.assert_array_equal(image, before)


@given(
    st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(0, 600), st.floats(0, 600)),
    st.floats(-0.4, 2.0),
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.booleans(),
)
def test_any_box_on_any_frame_gives_the_right_shape_or_none(
    where: tuple[float, float, float, float], margin: float, shape: tuple[int, int], grey: bool
) -> None:
    x, y, w, h = where
    image = np.full((*shape, 3), 77, np.uint8)
    crop = cut_face(image, box(x, y, x + w, y + h), size_px=24, margin=margin, grey=grey)
    if crop is not None:
        assert crop.shape == ((24, 24) if grey else (24, 24, 3))
        assert crop.dtype == np.uint8
        assert (crop == 77).all()


def test_one_pixel_face() -> None:
    crop = cut_face(gradient(), box(40, 40, 41, 41), size_px=16, margin=0.0, grey=False)
    assert crop is not None
    assert (crop == [0, 40, 40]).all()
