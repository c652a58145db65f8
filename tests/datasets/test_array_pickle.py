from __future__ import annotations

import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from realtime_fer.datasets.array_pickle import NUMBER_TYPES, Record, load_array_pickle
from realtime_fer.errors import DatasetError
from tests.datasets.hostile_pickles import hostile_streams

KNOWN = frozenset({("dataloading", "AffectNet_annotation")})


RECORD = b"\x80\x04\x8c\x0bdataloading\x8c\x14AffectNet_annotation\x93"
ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n"
TYPE = b"cnumpy\ndtype\n"
EMPTY = ARRAY + b"(cnumpy\nndarray\n(K\x00tC\x01btR"


def load(folder: Path, content: bytes) -> Any:
    (folder / "a.pkl").write_bytes(content)
    return load_array_pickle(folder / "a.pkl", "faces", KNOWN)


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("code", [*sorted(NUMBER_TYPES), ">f4", ">i8"])
def test_arrays_and_numbers_come_back(tmp_path: Path, protocol: int, code: str) -> None:
    array = (np.arange(6).reshape(2, 3) % 2).astype(code)
    loaded, turned, number, empty = load(tmp_path, pickle.dumps([array, array.T, array[1, 2], array[:0]], protocol))
    assert loaded.dtype == array.dtype.newbyteorder("=")
    assert np.array_equal(loaded, array)
    assert np.array_equal(turned, array.T)
    assert number == array[1, 2]
    assert type(number) in (int, float, bool)
    assert empty.shape == (0, 3)


def test_the_names_before_numpy_2(tmp_path: Path) -> None:
    now = pickle.dumps(np.arange(3), 3)
    before = now.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert load(tmp_path, before).tolist() == [0, 1, 2]


def test_bytes_as_python_2_writes_them(tmp_path: Path) -> None:
    number_type = TYPE + b"(U\x02u1K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    assert load(tmp_path, EMPTY + b"(K\x01(K\x02t" + number_type + b"I00\nU\x02\x07\xfftb.").tolist() == [7, 255]


def test_records_come_without_their_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("dataloading")

    class AffectNet_annotation:  # noqa: N801
        __module__ = "dataloading"
        __qualname__ = "AffectNet_annotation"

        def __init__(self) -> None:
            self.image_path, self.left_eye = "1/a.jpg", np.array([3, 4])

        def __setstate__(self, state: Any) -> None:
            raise AssertionError("the class's own code ran")

    module.AffectNet_annotation = AffectNet_annotation  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "dataloading", module)
    content = pickle.dumps([AffectNet_annotation()])
    (record,) = load(tmp_path, content)
    assert isinstance(record, Record)
    assert record.fields["image_path"] == "1/a.jpg"
    assert record.fields["left_eye"].tolist() == [3, 4]
    with pytest.raises(DatasetError, match=r"it asks for dataloading\.AffectNet_annotation"):
        load_array_pickle(tmp_path / "a.pkl", "faces")


@pytest.mark.parametrize("kind", hostile_streams(Path("x")))
def test_nothing_is_run(tmp_path: Path, kind: str) -> None:
    marker = tmp_path / "was here"
    with pytest.raises(DatasetError, match="was not opened: it asks for"):
        load(tmp_path, hostile_streams(marker)[kind])
    assert not marker.exists()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(RECORD + b"}X\x01\x00\x00\x00aK\x01sb.", id="change the class itself"),
        pytest.param(RECORD + b"N}X\x01\x00\x00\x00aK\x01s\x86b.", id="set attributes of the class"),
        pytest.param(RECORD + b")\x81K\x01b.", id="a state that is no dict"),
        pytest.param(RECORD + b"K\x01\x85\x81.", id="arguments for a record"),
        pytest.param(ARRAY + b"}X\x01\x00\x00\x00aK\x01sb.", id="change the array function"),
        pytest.param(TYPE + b"N}X\x01\x00\x00\x00aK\x01s\x86b.", id="set attributes of the type function"),
        pytest.param(ARRAY + b"(" + RECORD[2:] + b"(K\x00tC\x01btR.", id="an array of another kind"),
        pytest.param(TYPE + b"(X\x02\x00\x00\x00O8K\x00K\x01tR.", id="an array of objects"),
        pytest.param(TYPE + b"(X\x04\x00\x00\x00V999K\x00K\x01tR.", id="a type with fields"),
        pytest.param(EMPTY + b"(K\x01(K\x02t" + TYPE + b"X\x02\x00\x00\x00i8\x85R\x89C\x01\x00tb.", id="too few bytes"),
        pytest.param(
            EMPTY + b"(K\x01(J\xff\xff\xff\xfft" + TYPE + b"X\x02\x00\x00\x00i8\x85R\x89C\x00tb.", id="negative sides"
        ),
        pytest.param(EMPTY + b"(K\x01)K\x05\x89C\x00tb.", id="no type"),
        pytest.param(b"cnumpy.core.multiarray\nscalar\n(K\x01C\x01\x00tR.", id="a number without a type"),
    ],
)
def test_crafted_streams_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DatasetError, match=r"a\.pkl: expected a pickle of faces, found a file that cannot be read"):
        load(tmp_path, content)


def test_a_value_inside_itself(tmp_path: Path) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(DatasetError, match="nested without end"):
        load(tmp_path, pickle.dumps(endless))
