from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.reasoning.keyframes.crop import as_question_picture, copy_face
from tests.fakes import box


def picture(height: int = 80, width: int = 100) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rows, columns = np.mgrid[0:height, 0:width].astype(np.uint8)
    return np.stack([rows, columns, np.full_like(rows, 9)], axis=-1)


def test_a_square_with_a_margin_around_the_face() -> None:
    copied = copy_face(picture(), box(40, 30, 60, 40), margin=0.25)
    assert copied is not None
    crop, face_xyxy = copied
    assert crop.shape == (30, 30, 3)
    assert crop[0, 0].tolist() == [20, 35, 9]
    assert face_xyxy == (5.0, 10.0, 25.0, 20.0)
    # The box finds the same pixels in the crop as in the frame.
    np.testing.assert_array_equal(crop[10:20, 5:25], picture()[30:40, 40:60])


def test_at_the_border_it_shows_real_pixels_only() -> None:
    copied = copy_face(picture(), box(0, 60, 20, 80), margin=0.5)
    assert copied is not None
    crop, face_xyxy = copied
    assert crop.shape == (30, 30, 3)
    assert crop[0, 0].tolist() == [50, 0, 9]
    assert face_xyxy == (0.0, 10.0, 20.0, 30.0)


def test_the_copy_is_its_own() -> None:
    frame = picture()
    copied = copy_face(frame, box(40, 30, 60, 50), margin=0)
    assert copied is not None
    before = copied[0].copy()
    frame[:] = 0
    np.testing.assert_array_equal(copied[0], before)


@pytest.mark.parametrize(
    "outside", [(200, 30, 220, 50), (40, -50, 60, -20), (np.nan, 0, 1, 1), (5, 5, 5, 9), (0, 0, np.inf, 9)]
)
def test_nothing_to_copy(outside: tuple[float, ...]) -> None:
    assert copy_face(picture(), np.array(outside, np.float32), margin=0.1) is None


def test_the_question_gets_rgb_that_nobody_can_draw_on() -> None:
    crop = picture(10, 10)
    rgb, face_xyxy = as_question_picture(crop, (1, 2, 3, 4), max_side_px=10)
    np.testing.assert_array_equal(rgb, crop[..., ::-1])
    assert face_xyxy == (1.0, 2.0, 3.0, 4.0)
    assert not rgb.flags.writeable


def test_a_large_face_is_shrunk_and_its_box_with_it() -> None:
    rgb, face_xyxy = as_question_picture(np.full((100, 200, 3), 50, np.uint8), (20, 20, 180, 80), max_side_px=50)
    assert rgb.shape == (25, 50, 3)
    assert face_xyxy == (5.0, 5.0, 45.0, 20.0)
    assert (rgb == 50).all()
