from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.asking import batches_left, require_pictures, spread_over


def test_a_part_of_a_test_comes_from_all_over_it() -> None:
    assert spread_over(range(10), 3) == [0, 3, 6]
    assert spread_over("abc", None) == spread_over("abc", 3) == spread_over("abc", 9) == ["a", "b", "c"]


def test_what_is_answered_is_not_asked_again() -> None:
    told: list[tuple[int, int]] = []
    batches = batches_left(range(7), lambda case: case in (0, 3), 2, lambda done, total: told.append((done, total)))
    assert next(batches) == [1, 2]
    assert told == [(2, 7)]  # the batch is not answered yet
    assert list(batches) == [[4, 5], [6]]
    assert told == [(2, 7), (4, 7), (6, 7), (7, 7)]


def test_where_all_is_answered_nothing_is_asked() -> None:
    told: list[tuple[int, int]] = []
    assert list(batches_left("ab", lambda case: True, 2, lambda done, total: told.append((done, total)))) == []
    assert told == [(2, 2)]


def test_missing_pictures_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    require_pictures(["a.png"], tmp_path, Path("test.json"))
    with pytest.raises(DatasetError, match=r"test\.json: 2 of 3 pictures are not in .*, the first is b\.png; .* --images"):
        require_pictures(["a.png", "b.png", "c.png"], tmp_path, Path("test.json"))
