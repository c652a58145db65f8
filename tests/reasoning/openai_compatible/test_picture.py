from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.reasoning.openai_compatible.picture import PictureForm, data_url
from tests.reasoning.openai_compatible.server import picture_of

NOISE = np.random.default_rng(3).integers(0, 256, (40, 30, 3), np.uint8)


def test_png_gives_the_same_pixels_and_the_same_text_each_time() -> None:
    url = data_url(NOISE, PictureForm())
    np.testing.assert_array_equal(picture_of(url), NOISE)
    assert data_url(NOISE.copy(), PictureForm()) == url


def test_a_view_is_taken_as_well() -> None:
    view = np.ascontiguousarray(np.swapaxes(NOISE, 0, 1)).swapaxes(0, 1)[2:20, ::-1]
    np.testing.assert_array_equal(picture_of(data_url(view, PictureForm())), view)


def test_jpeg_keeps_the_colours_and_its_quality_counts() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 200
    url = data_url(red, PictureForm("jpeg"))
    assert url.startswith("data:image/jpeg;base64,")
    assert np.abs(picture_of(url).astype(int) - red).max() <= 6
    lengths = [len(data_url(NOISE, PictureForm("jpeg", jpeg_quality=quality))) for quality in (20, 60, 95)]
    assert lengths == sorted(set(lengths))


@pytest.mark.parametrize(
    ("shape", "side", "sent"),
    [
        ((40, 30), None, (40, 30)),
        ((40, 30), 40, (40, 30)),
        ((40, 30), 20, (20, 15)),
        ((10, 40), 20, (5, 20)),
        ((2000, 3), 100, (100, 1)),
    ],
)
def test_the_longest_side(shape: tuple[int, int], side: int | None, sent: tuple[int, int]) -> None:
    picture = np.full((*shape, 3), 90, np.uint8)
    got = picture_of(data_url(picture, PictureForm(image_side=side)))
    assert got.shape == (*sent, 3)
    assert (got == 90).all()


@pytest.mark.parametrize("bad", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_picture(bad: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    with pytest.raises(ShapeError, match="face: expected a uint8 RGB crop"):
        data_url(bad, PictureForm())
