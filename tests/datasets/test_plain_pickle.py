from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.datasets.plain_pickle import load_pickle
from realtime_fer.errors import DatasetError
from tests.datasets.hostile_pickles import hostile_streams


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values(tmp_path: Path, protocol: int) -> None:
    value = {"S005_001": 3.0, "S010_001": -1, "x": [1, (2, "ä"), None, True]}
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(value, protocol))
    assert load_pickle(path, "labels") == value


def test_strings_of_python_2(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"(dp0\nS'S001_\\xe4'\np1\nI3\ns.")
    assert load_pickle(tmp_path / "a.pkl", "labels") == {"S001_ä": 3}


@pytest.mark.parametrize("kind", hostile_streams(Path("x")))
def test_nothing_is_run(tmp_path: Path, kind: str) -> None:
    marker = tmp_path / "was here"
    (tmp_path / "a.pkl").write_bytes(hostile_streams(marker)[kind])
    with pytest.raises(DatasetError, match=r"a\.pkl: expected a pickle of labels, found one that was not opened: it asks for"):
        load_pickle(tmp_path / "a.pkl", "labels")
    assert not marker.exists()


def test_the_streams_would_run_otherwise(tmp_path: Path) -> None:
    for kind in ("protocol 0", "protocol 2", "protocol 4", "inst", "through a builtin"):
        marker = tmp_path / kind
        pickle.loads(hostile_streams(marker)[kind])
        assert marker.is_dir()


def test_arrays_are_not_plain(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(np.zeros(2)))
    with pytest.raises(DatasetError, match=r"it asks for numpy\._?core\.multiarray"):
        load_pickle(tmp_path / "a.pkl", "labels")


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", pickle.dumps({"a": "b" * 99})[:-20], b"\x80\x04h\x05.", b"\x80\x09.", b"]]]eeee.", b"\x80\x04K\x01Q."],
)
def test_what_is_no_pickle_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(DatasetError, match=r"a\.pkl: expected a pickle of labels, found a file that cannot be read as one"):
        load_pickle(tmp_path / "a.pkl", "labels")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"absent\.pkl: expected a pickle of labels, found none"):
        load_pickle(tmp_path / "absent.pkl", "labels")
