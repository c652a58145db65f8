from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

image = pytest.importorskip("PIL.Image", reason="needs the train extra")

from realtime_fer.training.fmpn.transform import View, loaded_size, random_view, shown  # noqa: E402


def test_sizes_keep_the_published_proportion() -> None:
    assert loaded_size(299) == 320
    assert loaded_size(75) == 80
    assert shown(image.new("RGB", (50, 50)), View()).shape == (3, 299, 299)
    assert shown(image.new("L", (50, 80)), View(), 75).shape == (1, 75, 75)


def test_crops_are_the_corners_and_the_centre_and_mirrored_ones_are_mirrored() -> None:
    """A ramp at its loaded size, so that nothing is resized."""
    rows, columns = np.mgrid[:80, :80].astype(np.uint8)
    for values, corners in ((rows, (0, 0, 5, 5, 2)), (columns, (0, 5, 0, 5, 2))):
        picture = image.fromarray(values)
        for crop, first in enumerate(corners):
            found = shown(picture, View(crop), 75)
            assert found[0, 0, 0] * 255 == pytest.approx(first)
            assert np.array_equal(shown(picture, View(crop, mirrored=True), 75), found[:, :, ::-1])


def test_the_shorter_side_is_resized_and_the_longer_follows() -> None:
    wide = image.fromarray(np.tile(np.arange(160, dtype=np.uint8), (80, 1)))
    assert shown(wide, View(0), 75)[0, 0, 0] == 0
    assert shown(wide, View(1), 75)[0, 0, -1] * 255 == pytest.approx(159)
    tall = image.fromarray(np.tile(np.arange(160, dtype=np.uint8)[:, None], (1, 80)))
    assert shown(tall, View(2), 75)[0, -1, 0] * 255 == pytest.approx(159)


def test_values_are_in_0_to_1_and_not_standardised() -> None:
    assert (
        shown(image.new("RGB", (9, 9), (255, 128, 0)), View(), 75)[:, 0, 0] == np.array([255, 128, 0], np.float32) / 255
    ).all()


def test_views_are_drawn_evenly_and_reproducibly() -> None:
    views = [random_view(np.random.default_rng(seed)) for seed in range(1000)]
    assert views == [random_view(np.random.default_rng(seed)) for seed in range(1000)]
    crops, mirrored = Counter(view.crop for view in views), sum(view.mirrored for view in views)
    assert set(crops) == set(range(5))
    assert min(crops.values()) > 150
    assert 430 < mirrored < 570
