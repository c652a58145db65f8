from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.phi3_vision.image_embedding import join_tiles, merge_patches  # noqa: E402
from realtime_fer.networks.phi3_vision.image_processor import tile_pictures  # noqa: E402
from tests.networks.phi3_vision.tiny import TOWER, face, tiny_model  # noqa: E402

pytestmark = pytest.mark.torch


def test_four_neighbours_become_one_in_reading_order() -> None:
    patches = torch.arange(576.0).reshape(1, 576, 1)
    merged = merge_patches(patches)
    assert merged.shape == (1, 12, 12, 4)
    assert merged[0, 0, 0].tolist() == [0, 1, 24, 25]
    assert merged[0, 0, 1].tolist() == [2, 3, 26, 27]
    assert merged[0, 1, 0].tolist() == [48, 49, 72, 73]


def test_tiles_are_joined_row_by_row() -> None:
    tiles = torch.arange(6.0)[:, None, None, None].expand(6, 2, 2, 1)
    grid = join_tiles(tiles, rows=2, columns=3)
    assert grid.shape == (4, 6, 1)
    assert grid[0, :, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert grid[3, :, 0].tolist() == [3, 3, 4, 4, 5, 5]


@torch.no_grad()
def test_separators_and_order() -> None:
    """With an identity for a projector, the separators can be seen in their places."""
    model = tiny_model()
    embedding = model.images
    setattr(embedding, "img_projection", torch.nn.Identity())  # noqa: B010
    embedding.glb_GN.fill_(7.0)
    embedding.sub_GN.fill_(-7.0)
    pictures = tile_pictures([face(1, 20, 40)], 4)
    rows = embedding(pictures.pixel_values, pictures.image_sizes)
    assert rows.shape == (457, 4 * TOWER.hidden_size)
    ends = [index for index, row in enumerate(rows) if (row == -7).all()]
    assert ends == [25 * n - 1 for n in range(1, 13)] + [301 + 13 * n - 1 for n in range(1, 13)]
    assert [index for index, row in enumerate(rows) if (row == 7).all()] == [300]
    tiles = merge_patches(embedding.img_processor(pictures.pixel_values[0, :3]))
    assert torch.allclose(rows[0], tiles[1, 0, 0], atol=1e-5)
    assert torch.allclose(rows[12], tiles[2, 0, 0], atol=1e-5)
    assert torch.allclose(rows[301], tiles[0, 0, 0], atol=1e-5)


@torch.no_grad()
def test_pictures_do_not_touch_each_other_and_filling_tiles_do_not_count() -> None:
    model = tiny_model()
    pair = tile_pictures([face(1, 20, 40), face(2)], 2)
    together = model.image_features(pair.pixel_values, pair.image_sizes)
    alone = [tile_pictures([picture], crops) for picture, crops in ((face(1, 20, 40), 4), (face(2), 1))]
    apart = torch.cat([model.image_features(one.pixel_values, one.image_sizes) for one in alone])
    assert torch.allclose(together, apart, atol=1e-5)


@pytest.mark.parametrize("size", [[336, 335], [672, 672], [0, 336]])
def test_sizes_that_do_not_fit_the_tiles_are_refused(size: list[int]) -> None:
    with pytest.raises(ShapeError, match="does not fit 1 tiles"):
        tiny_model().image_features(torch.zeros(1, 2, 3, 336, 336), torch.tensor([size]))


@pytest.mark.parametrize(
    ("pixels", "sizes"), [((2, 3, 336, 336), (1, 2)), ((1, 2, 3, 336, 300), (1, 2)), ((1, 2, 3, 336, 336), (2, 2))]
)
def test_shapes_are_checked(pixels: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="expected"):
        tiny_model().image_features(torch.zeros(pixels), torch.full(sizes, 336))
