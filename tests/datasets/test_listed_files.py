from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.datasets.listed_files import require_files
from realtime_fer.errors import DatasetError
from tests.datasets.miniatures import save_text


def test_all_there(tmp_path: Path) -> None:
    for name in ("a.png", "1/b.png"):
        save_text(tmp_path / name, "")
    require_files(tmp_path, ["a.png", "1/b.png"], "label.csv", "unpack it")


def test_the_first_is_named_and_the_others_are_counted(tmp_path: Path) -> None:
    save_text(tmp_path / "a.png", "")
    names = ["a.png", "1/b.png", "c.png"]
    with pytest.raises(DatasetError, match=r"c\.png: no such file, nor 1 more of the 3 that label\.csv lists; unpack it$"):
        require_files(tmp_path, names, "label.csv", "unpack it")
    with pytest.raises(DatasetError, match=r"absent.a\.png: no such file, nor 2 more of the 3"):
        require_files(tmp_path / "absent", names, "label.csv", "unpack it")


def test_other_capitals_are_pointed_out(tmp_path: Path) -> None:
    save_text(tmp_path / "1" / "A.PNG", "")
    if (tmp_path / "1" / "a.png").exists():
        pytest.skip("this file system takes no notice of capitals")
    with pytest.raises(DatasetError, match=r"unpack it; A\.PNG is there, so give files the names of the list"):
        require_files(tmp_path, ["1/a.png"], "label.csv", "unpack it")


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DatasetError, match=r"expected a folder that may be read, found none \(Permission denied\)"):
        require_files(tmp_path, ["a.png"], "label.csv", "unpack it")
