from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("transformers", reason="needs the vlm extra")
Image = pytest.importorskip("PIL.Image", reason="needs the vlm extra")

from realtime_fer.training.exp_blip.augmentation import FILL_RGB, OPERATIONS, augmented, operation  # noqa: E402
from tests.networks.exp_blip.tiny import faces  # noqa: E402

pytestmark = pytest.mark.torch


def test_the_draw_decides_and_the_size_is_the_networks() -> None:
    (picture,) = faces(1)
    shown = [augmented(picture, 28, np.random.default_rng(seed)) for seed in range(40)]
    assert all(one.shape == (28, 28, 3) and one.dtype == np.uint8 for one in shown)
    assert all(np.array_equal(one, augmented(picture, 28, np.random.default_rng(seed))) for seed, one in enumerate(shown))
    assert len({one.tobytes() for one in shown}) > 35


def test_it_stays_that_face() -> None:
    picture = np.zeros((60, 40, 3), np.uint8)
    picture[:30], picture[:, :20, 1] = 200, 60
    shown = [augmented(picture, 28, np.random.default_rng(seed)) for seed in range(60)]
    assert all(one[4, 14, 0] > one[24, 14, 0] + 50 for one in shown)
    flipped = sum(int(one[24, 5, 1]) < int(one[24, 22, 1]) for one in shown)
    assert 15 < flipped < 45


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations(name: str) -> None:
    rows = np.tile(np.arange(40, 96, 2, dtype=np.uint8)[:, None, None], (1, 28, 3))
    picture = rows if name.endswith("y") else rows.transpose(1, 0, 2)
    one, other = (np.asarray(operation(name, Image.fromarray(np.ascontiguousarray(picture)), sign)) for sign in (1, -1))
    if name in ("identity", "brightness", "sharpness"):
        assert np.array_equal(one, picture)
    elif name == "equalize":
        assert (int(one.min()), int(one.max())) == (0, 255)
    else:
        assert not np.array_equal(one, other)
        assert {tuple(FILL_RGB)} <= {tuple(map(int, pixel)) for pixel in one.reshape(-1, 3)}
        middle = one[14, 14, 0].astype(int) - picture[14, 14, 0]
        # Five pixels for a shift; for a shear the share of the way from the edge: 0.15 x 14.
        assert middle == (10 if name.startswith("translate") else 4)
