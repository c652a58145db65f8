from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

import numpy as np  # noqa: E402

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.exp_blip.preprocessing import MEAN_RGB, STD_RGB, normalise, pixel_values, scale  # noqa: E402
from tests.networks.exp_blip.tiny import faces  # noqa: E402

pytestmark = pytest.mark.torch


def test_any_shape_becomes_a_square() -> None:
    assert scale(faces(1, 10, 37)[0]).shape == (224, 224, 3)
    assert pixel_values(faces(2), 28).shape == (2, 3, 28, 28)


def test_a_uniform_picture_is_normalised_by_channel() -> None:
    rgb = np.full((5, 9, 3), (0, 128, 255), np.uint8)
    (pixels,) = pixel_values([rgb], 14)
    expected = (np.array([0, 128 / 255, 1]) - MEAN_RGB) / STD_RGB
    np.testing.assert_allclose(pixels.numpy(), np.broadcast_to(expected[:, None, None], (3, 14, 14)), atol=1e-6)


def test_the_picture_is_not_changed() -> None:
    (rgb,) = faces(1)
    before = rgb.copy()
    normalise(rgb).zero_()
    np.testing.assert_array_equal(rgb, before)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 1), (0, 4, 3)])
def test_no_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="uint8 RGB"):
        scale(np.zeros(shape, np.uint8))
    with pytest.raises(ShapeError, match="at least one"):
        pixel_values([])
