from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_fer.errors import ShapeError
from realtime_fer.networks.phi3_vision.tile_layout import TILE_PX, TileLayout, image_token_count, tile_layout


@pytest.mark.parametrize(
    ("rows", "columns", "tokens"),
    [(1, 1, 313), (1, 2, 457), (2, 1, 469), (2, 2, 757), (1, 4, 745), (4, 1, 781), (2, 3, 1045), (3, 3, 1489), (4, 4, 2509)],
)
def test_published_token_counts(rows: int, columns: int, tokens: int) -> None:
    assert image_token_count(rows * TILE_PX, columns * TILE_PX) == tokens


def test_a_square_fills_the_budget() -> None:
    assert tile_layout(100, 100, 4) == TileLayout(672, 672, 672, 672, 0, 0)
    assert tile_layout(100, 100, 16).width == 1344
    assert tile_layout(2000, 2000, 1).width == TILE_PX


def test_a_wide_picture_gets_bars_above_and_below() -> None:
    layout = tile_layout(400, 160, 4)
    assert layout == TileLayout(scaled_height=268, scaled_width=672, height=336, width=672, top=34, left=0)
    assert (layout.rows, layout.columns) == (1, 2)


def test_an_odd_bar_is_shorter_on_top() -> None:
    layout = tile_layout(101, 50, 1)
    assert layout.scaled_height == 166
    assert tile_layout(100, 67, 1).scaled_height == 225
    assert tile_layout(100, 67, 1).top == 55


def test_a_portrait_is_a_landscape_on_its_side() -> None:
    assert tile_layout(160, 400, 4) == TileLayout(672, 268, 672, 336, 0, 34)


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 20))
def test_the_picture_lies_inside_and_the_budget_holds(width: int, height: int, num_crops: int) -> None:
    if max(width, height) > 50 * min(width, height):
        return
    layout = tile_layout(width, height, num_crops)
    assert 1 <= layout.rows * layout.columns <= num_crops or num_crops < max(width, height) / min(width, height)
    assert layout.top + layout.scaled_height <= layout.height
    assert layout.left + layout.scaled_width <= layout.width
    assert layout.height % TILE_PX == layout.width % TILE_PX == 0
    assert min(layout.height - layout.scaled_height, layout.width - layout.scaled_width) == 0


@pytest.mark.parametrize("bad", [(0, 5, 4), (5, 0, 4), (5, 5, 0)])
def test_sizes_below_one_are_refused(bad: tuple[int, int, int]) -> None:
    with pytest.raises(ShapeError, match="at least 1"):
        tile_layout(*bad)


def test_a_hair_is_refused() -> None:
    with pytest.raises(ShapeError, match="too narrow"):
        tile_layout(2000, 1, 4)


@pytest.mark.parametrize("bad", [(0, 336), (336, 100), (-336, -336)])
def test_only_whole_tiles_have_tokens(bad: tuple[int, int]) -> None:
    with pytest.raises(ShapeError, match="multiples of 336"):
        image_token_count(*bad)
