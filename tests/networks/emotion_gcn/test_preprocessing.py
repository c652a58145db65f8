from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.networks.emotion_gcn.preprocessing import network_input, resize_shorter_side


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(130, 130), (300, 301), (50, 50), (227, 227), (401, 250)])
def test_the_same_bytes_as_pillow(height: int, width: int) -> None:
    images = pytest.importorskip("PIL.Image")
    face = picture(height, width)
    for size in (227, 112):
        short = min(height, width)
        wanted = (size * width // short, size * height // short)
        expected = images.fromarray(face).resize(wanted, images.Resampling.BILINEAR)
        np.testing.assert_array_equal(resize_shorter_side(face, size), np.asarray(expected))


def test_an_even_picture_stays_even() -> None:
    assert (resize_shorter_side(np.full((9, 9, 3), 77, np.uint8), 20) == 77).all()


def test_black_and_white_are_normalised_by_channel() -> None:
    black, white = (network_input(np.full((4, 4, 3), value, np.uint8), 8)[:, 0, 0] for value in (0, 255))
    assert black == pytest.approx([-2.1179, -2.0357, -1.8044], abs=1e-4)
    assert white == pytest.approx([2.2489, 2.4286, 2.64], abs=1e-4)
    assert network_input(picture(6, 6), 8).shape == (3, 8, 8)


@pytest.mark.parametrize("face", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)])
def test_no_picture(face: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="expected uint8 RGB"):
        resize_shorter_side(face, 8)
