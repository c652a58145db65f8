from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.training.vlm.crop import Crop, random_crop


@pytest.mark.parametrize(("height", "width"), [(224, 224), (40, 30), (100, 75)])
def test_parts_lie_inside_and_have_the_share_and_the_shape_asked_for(height: int, width: int) -> None:
    crops = [random_crop(np.random.default_rng(seed), height, width, (0.8, 1.0)) for seed in range(200)]
    assert len(set(crops)) > 20
    for crop in crops:
        assert 0 <= crop.top <= height - crop.height
        assert 0 <= crop.left <= width - crop.width
    shares = [crop.height * crop.width / (height * width) for crop in crops]
    assert max(shares) <= 1
    if height == width:
        assert min(shares) > 0.79
        assert min(crop.width / crop.height for crop in crops) < 0.85
        assert all(0.74 < crop.width / crop.height < 1.35 for crop in crops)


def test_a_picture_that_is_too_flat_gives_its_middle() -> None:
    assert random_crop(np.random.default_rng(0), 100, 1000, (0.8, 1.0)) == Crop(0, 433, 100, 133)
    assert random_crop(np.random.default_rng(0), 1000, 90, (0.8, 1.0)) == Crop(440, 0, 120, 90)
