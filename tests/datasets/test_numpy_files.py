from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.datasets.numpy_files import read_npy, read_npz
from realtime_fer.errors import DatasetError
from tests.datasets.hostile_pickles import RunsCode

ABOUT = ("an npz file of faces", "copy it again")


def test_wanted_arrays_alone(tmp_path: Path) -> None:
    hostile = np.array([RunsCode(tmp_path / "was here")], object)
    np.savez_compressed(tmp_path / "a.npz", images=np.arange(3), usage=hostile)
    found = read_npz(tmp_path / "a.npz", ("images", "names"), *ABOUT)
    assert found.keys() == {"images"}
    assert found["images"].tolist() == [0, 1, 2]
    with pytest.raises(DatasetError, match=r"a\.npz: .*\(it holds an array of objects, which is a pickle and was not opened\)"):
        read_npz(tmp_path / "a.npz", ("images", "usage"), *ABOUT)
    assert not (tmp_path / "was here").exists()
    np.save(tmp_path / "a.npy", np.arange(2))
    assert read_npy(tmp_path / "a.npy", *ABOUT).tolist() == [0, 1]


def test_other_archives_say_what_they_hold(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", faces=np.arange(3), labels=np.arange(3))
    with pytest.raises(DatasetError, match=r"expected an npz file of faces, with arrays images, found faces, labels; copy"):
        read_npz(tmp_path / "x.npz", ["images"], *ABOUT)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for number in range(9):
            archive.writestr(f"{number}.png", b"")
    with pytest.raises(DatasetError, match=r"found a zip archive with 0\.png, .*4\.png and more; unpack it and name"):
        read_npz(tmp_path / "x.zip", ["images"], *ABOUT)


def test_damaged_files_and_files_of_other_kinds(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", images=np.arange(999))
    whole = (tmp_path / "a.npz").read_bytes()
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**15,)})
    huge = io.BytesIO()
    with zipfile.ZipFile(huge, "w") as archive:
        archive.writestr("images.npy", header.getvalue())
    array = io.BytesIO()
    np.save(array, np.arange(9))
    path = tmp_path / "b.npz"
    spoiled = whole[:120] + b"\xff" * 40 + whole[160:]
    for content in (b"", b"text", whole[: len(whole) // 2], spoiled, array.getvalue(), huge.getvalue()):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match=r"b\.npz: expected an npz .*\(damaged, or another kind of file\); copy it"):
            read_npz(path, ["images"], *ABOUT)
    # A header whose bracket does not close, which numpy's reader of old headers trips over.
    path.write_bytes(array.getvalue().replace(b"(9,)", b"(9, "))
    with pytest.raises(DatasetError, match=r"\(damaged, or another kind of file\)"):
        read_npy(path, *ABOUT)
    for missing, reason in ((tmp_path / "absent.npz", "No such file"), (tmp_path, "Is a directory|Permission denied")):
        with pytest.raises(DatasetError, match=rf"expected an npz file of faces, found none that can be read \(({reason})"):
            read_npz(missing, ["images"], *ABOUT)
