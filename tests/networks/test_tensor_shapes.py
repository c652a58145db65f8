from __future__ import annotations

import re

import pytest

from realtime_fer.errors import ModelCorruptError, ModelShapeError
from realtime_fer.networks.tensor_shapes import require_shapes, some_of

EXPECTED = {f"t{number}": (1,) for number in range(9)}


def test_long_lists_are_cut() -> None:
    assert some_of(["a", "b", "c"]) == "a, b, c"
    assert some_of(["a", "b", "c", "d"]) == "a, b, c, ..."
    with pytest.raises(ModelCorruptError, match=r"9 tensors missing \(t0, t1, t2, \.\.\.\), of 9"):
        require_shapes({}, EXPECTED, "here", is_it="is it?")
    require_shapes(EXPECTED, EXPECTED, "here", is_it="is it?")


def test_names_that_differ() -> None:
    with pytest.raises(ModelCorruptError) as caught:
        require_shapes({"a": (1,), "b": (2,)}, {"a": (1,), "c": (2,)}, "here", is_it="is it the right one?")
    assert str(caught.value) == "here: 1 tensors missing (c) and 1 tensors left over (b), of 2 expected; is it the right one?"


@pytest.mark.parametrize(("sizes", "fit"), [("", "fit"), ("config.json", "fit config.json")])
def test_shapes_that_differ(sizes: str, fit: str) -> None:
    found = {**EXPECTED, **{f"t{number}": (1, 2) for number in range(4)}}
    told = f"here: 4 tensors do not {fit}: " + "; ".join(f"t{number} is (1, 2), expected (1,)" for number in range(3))
    with pytest.raises(ModelShapeError, match=f"^{re.escape(told)}$"):
        require_shapes(found, EXPECTED, "here", is_it="is it?", sizes=sizes)
