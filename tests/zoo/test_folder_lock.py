from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.errors import ModelError
from realtime_fer.zoo.folder_lock import locked


def test_one_at_a_time_and_nothing_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "w"
    with locked(folder):
        assert (tmp_path / "deep" / "w.lock").read_text() == f"{os.getpid()}\n"
        with pytest.raises(ModelError, match=rf"another process \({os.getpid()}\) works on it"), locked(folder):
            pass
    assert list((tmp_path / "deep").iterdir()) == []
    with pytest.raises(KeyboardInterrupt), locked(folder):
        raise KeyboardInterrupt
    with locked(folder):
        pass


def test_the_folder_one_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with locked(Path()):
        assert (tmp_path / "here.lock").is_file()
        with pytest.raises(ModelError, match="works on it"), locked(tmp_path / "here"):
            pass
    with pytest.raises(ModelError, match="root of the file system"), locked(Path("/")):
        pass


def test_a_lock_that_was_taken_away_between_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flock, calls = fcntl.flock, []

    def gone_meanwhile(file: Any, how: int) -> None:
        flock(file, how)
        calls.append(how)
        if len(calls) == 1:
            (tmp_path / "w.lock").unlink()

    monkeypatch.setattr(fcntl, "flock", gone_meanwhile)
    with locked(tmp_path / "w"):
        assert len(calls) == 2
        assert (tmp_path / "w.lock").is_file()
