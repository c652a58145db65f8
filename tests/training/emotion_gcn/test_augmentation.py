from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.training.emotion_gcn.augmentation import augmented, rotated, square_face


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (113, 113), (40, 57)])
def test_rotation_takes_the_pixels_that_pillow_takes(height: int, width: int) -> None:
    image = pytest.importorskip("PIL.Image")
    picture = noise(height, width)
    for degrees in np.random.default_rng(1).uniform(-30, 30, 20).tolist():
        expected = np.asarray(image.fromarray(picture).rotate(degrees, image.Resampling.NEAREST))
        np.testing.assert_array_equal(rotated(picture, degrees), expected)


def test_half_of_the_faces_are_mirrored_and_angles_fill_their_range() -> None:
    face = noise(24, 24)
    seen = [augmented(face, np.random.default_rng(seed), 0) for seed in range(200)]
    mirrored = sum(np.array_equal(picture, face[:, ::-1]) for picture in seen)
    assert mirrored + sum(np.array_equal(picture, face) for picture in seen) == 200
    assert 75 < mirrored < 125
    white = np.full((64, 64, 3), 255, np.uint8)
    black = [int((augmented(white, np.random.default_rng(seed), 30) == 0).sum()) for seed in range(40)]
    assert min(black) < max(black)
    assert max(black) <= int((rotated(white, 30) == 0).sum())


def test_the_same_draws_give_the_same_face() -> None:
    face = noise(24, 24)
    one, two, other = (augmented(face, np.random.default_rng(seed), 30) for seed in (3, 3, 4))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_a_cut_that_is_not_square_gives_its_middle() -> None:
    face = np.zeros((20, 40, 3), np.uint8)
    face[:, 10:30] = 255
    assert square_face(face, 20).min() == 255
    assert square_face(face.transpose(1, 0, 2), 20).min() == 255
    assert square_face(noise(30, 20), 12).shape == (12, 12, 3)
