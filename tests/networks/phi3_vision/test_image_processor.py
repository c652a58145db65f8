from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
Image = pytest.importorskip("PIL.Image", reason="needs the vlm extra")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.phi3_vision.image_processor import (  # noqa: E402
    MEAN_RGB,
    STD_RGB,
    WHITE,
    scale_and_pad,
    tile_pictures,
)

pytestmark = pytest.mark.torch


def random_picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)


def even(height: int, width: int, level: int = 100) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def test_bars_are_white_and_centred() -> None:
    padded = scale_and_pad(even(160, 400), 4)
    assert padded.shape == (336, 672, 3)
    assert (padded[:34] == WHITE).all()
    assert (padded[34:302] == 100).all()
    assert (padded[302:] == WHITE).all()


def test_the_picture_is_scaled_bilinearly_and_its_small_copy_bicubically() -> None:
    picture = random_picture(60, 90)
    scaled = np.asarray(Image.fromarray(picture).resize((672, 448), Image.Resampling.BILINEAR))
    assert (scale_and_pad(picture, 4)[112:560] == scaled).all()
    tiles = tile_pictures([picture], 4).pixel_values[0]
    whole = torch.cat([torch.cat([tiles[1], tiles[2]], dim=2), torch.cat([tiles[3], tiles[4]], dim=2)], dim=1)
    expected = torch.nn.functional.interpolate(whole[None], (336, 336), mode="bicubic", align_corners=False)[0]
    assert torch.allclose(tiles[0], expected, atol=1e-5)


def test_a_portrait_is_scaled_on_its_side() -> None:
    picture = random_picture(90, 50)
    lying = scale_and_pad(np.ascontiguousarray(picture.swapaxes(0, 1)), 9)
    assert (scale_and_pad(picture, 9) == lying.swapaxes(0, 1)).all()


def test_read_only_pictures_are_taken() -> None:
    picture = random_picture(20, 20)
    picture.setflags(write=False)
    assert tile_pictures([picture], 1).pixel_values.shape == (1, 2, 3, 336, 336)


def test_tiles_row_by_row_after_the_small_copy_then_zeros() -> None:
    picture = np.zeros((336, 672, 3), np.uint8)
    picture[:, :336] = 50
    picture[:, 336:] = 200
    found = tile_pictures([picture], 4)
    mean, std = torch.tensor(MEAN_RGB), torch.tensor(STD_RGB)
    assert found.pixel_values.shape == (1, 5, 3, 336, 336)
    assert found.image_sizes.tolist() == [[336, 672]]
    assert found.token_counts == (457,)
    for tile, level in ((1, 50), (2, 200)):
        expected = ((level / 255 - mean) / std)[:, None, None].expand(3, 336, 336)
        assert torch.allclose(found.pixel_values[0, tile], expected, atol=1e-6)
    assert (found.pixel_values[0, 3:] == 0).all()
    small = found.pixel_values[0, 0]
    assert torch.allclose(small[:, 0, 0], (50 / 255 - mean) / std, atol=1e-5)
    assert torch.allclose(small[:, 0, -1], (200 / 255 - mean) / std, atol=1e-5)


def test_with_one_tile_the_small_copy_is_that_tile() -> None:
    found = tile_pictures([random_picture(30, 30)], 1)
    assert torch.equal(found.pixel_values[0, 0], found.pixel_values[0, 1])


def test_several_pictures_share_the_number_of_tiles() -> None:
    found = tile_pictures([even(100, 100), even(100, 300)], 4)
    assert found.pixel_values.shape == (2, 5, 3, 336, 336)
    assert found.image_sizes.tolist() == [[672, 672], [336, 1008]]
    assert found.token_counts == (757, 601)


@pytest.mark.parametrize(
    "bad",
    [np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3), np.float32), np.zeros((0, 5, 3), np.uint8), np.zeros((5, 5, 4), np.uint8)],
)
def test_only_rgb_bytes_are_taken(bad: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="expected uint8 RGB"):
        scale_and_pad(bad, 4)


def test_no_picture_is_refused() -> None:
    with pytest.raises(ShapeError, match="at least one"):
        tile_pictures([], 4)
