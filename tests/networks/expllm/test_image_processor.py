from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.expllm.image_processor import BAR_RGB, pixel_values, resized, square  # noqa: E402
from tests.networks.expllm.tiny import face  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(("height", "width", "offset"), [(40, 31, (4, 0)), (31, 40, (0, 4)), (9, 9, (0, 0))])
def test_a_picture_stands_in_the_middle_of_its_square(height: int, width: int, offset: tuple[int, int]) -> None:
    picture = face(height, width)
    padded, found = square(picture)
    side = max(height, width)
    assert (found, padded.shape) == (offset, (side, side, 3))
    assert (padded[found.y : found.y + height, found.x : found.x + width] == picture).all()
    bars = np.ones((side, side), bool)
    bars[found.y : found.y + height, found.x : found.x + width] = False
    assert (padded[bars] == BAR_RGB).all()


def test_resized_is_opencvs_bilinear() -> None:
    picture = face(300, 300)
    assert (resized(picture) == cv2.resize(picture, (224, 224), interpolation=cv2.INTER_LINEAR)).all()


def test_pixels_are_normalised() -> None:
    plain = np.full((10, 10, 3), (255, 0, 128), np.uint8)
    values = pixel_values([plain, face()])
    assert (values.shape, values.dtype) == ((2, 3, 224, 224), torch.float32)
    # CLIP's mean and deviation, written out.
    expected = (np.array([255, 0, 128]) / 255 - (0.48145466, 0.4578275, 0.40821073)) / (0.26862954, 0.26130258, 0.27577711)
    np.testing.assert_allclose(values[0, :, 5, 7], expected, atol=1e-6)


def test_other_arrays_are_refused() -> None:
    with pytest.raises(ShapeError, match="found none"):
        pixel_values([])
    others: list[Any] = [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)]
    for picture in others:
        with pytest.raises(ShapeError, match=r"uint8 RGB of shape \(H, W, 3\)"):
            square(picture)
