from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.networks.expllm.image_processor import pixel_values  # noqa: E402
from realtime_fer.training.expllm import augmentation  # noqa: E402
from realtime_fer.training.expllm.augmentation import augmented, erased, normalised  # noqa: E402
from tests.networks.expllm.tiny import face  # noqa: E402

pytestmark = pytest.mark.torch


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def smooth(side: int = 64) -> Any:
    """A picture whose grey value tells the place."""
    row = np.linspace(60, 200, side).astype(np.uint8)
    return np.stack([np.tile(row, (side, 1)), np.tile(row[:, None], (1, side)), np.full((side, side), 128, np.uint8)], axis=2)


def test_the_draw_decides_and_the_size_stays() -> None:
    picture = smooth()
    before = picture.copy()
    shown = [augmented(picture, chance(seed)) for seed in range(40)]
    assert all(one.shape == picture.shape and one.dtype == np.uint8 for one in shown)
    assert all(np.array_equal(one, augmented(picture, chance(seed))) for seed, one in enumerate(shown))
    assert len({one.tobytes() for one in shown}) > 35
    assert np.array_equal(picture, before)
    # On the whole it is still that face: not turned upside down, not dark.
    assert float(np.mean(shown)) == pytest.approx(float(picture.mean()), abs=20)
    vertical = np.mean([one[..., 1].astype(float) for one in shown], axis=0)
    assert vertical[48].mean() > vertical[16].mean() + 30
    flipped = [one[32, 48, 0] < one[32, 16, 0] for one in shown]
    assert 8 < sum(flipped) < 32


def test_without_erasing_it_is_what_the_evaluation_takes() -> None:
    picture = face(224, 224)
    assert torch.equal(normalised(picture), pixel_values([picture])[0])


def test_a_rectangle_is_erased_half_the_time() -> None:
    pixels = torch.ones(3, 224, 224)
    found = [erased(pixels, chance(seed)) for seed in range(100)]
    shares = [float((one == 0).float().mean()) for one in found]
    assert 35 < sum(share > 0 for share in shares) < 65
    assert all(0.045 < share < 0.125 for share in shares if share)
    assert bool((pixels == 1).all())
    gone = next(one for one, share in zip(found, shares, strict=True) if share)
    rows, columns = torch.where(gone[0] == 0)
    assert bool((gone[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] == 0).all())


def test_single_steps() -> None:
    picture = smooth()
    assert np.array_equal(augmentation._moved(picture, 0.0), picture)
    shifted = augmentation._moved(picture, 0.0, shift_x=3, shift_y=0)
    assert np.array_equal(shifted[:, 3:], picture[:, :-3])
    assert (shifted[:, :3] == 0).all()
    turned = augmentation._moved(np.pad(picture, ((8, 8), (8, 8), (0, 0))), 90.0)
    assert np.array_equal(turned, np.rot90(np.pad(picture, ((8, 8), (8, 8), (0, 0)))))
    assert np.array_equal(augmentation._blend(0, picture, 1.0), picture)
    assert int(augmentation._blend(0, np.full((1, 1, 3), 100, np.uint8), 0.75)[0, 0, 0]) == 75
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 200
    third = augmentation._turned_hue(red, 1 / 3)
    assert third[0, 0].argmax() == 1
    assert np.array_equal(augmentation._turned_hue(red, 0.0), red)
    cut = augmentation._padded_crop(picture, chance(1))
    assert cut.shape == picture.shape
    assert augmentation._grey(np.array([[[10, 20, 30]]], np.uint8))[0, 0] == 18
