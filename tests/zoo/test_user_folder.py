from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from realtime_fer.zoo.shelf import MODELS_VARIABLE, find_model, list_models, shelves
from realtime_fer.zoo.user_folder import as_typed, data_folder, fetched_folder, models_folder
from tests.zoo.test_manifest import EXPRESSION, write


def test_xdg_decides_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for unset in ("", "relative/is/ignored"):
        monkeypatch.setenv("XDG_DATA_HOME", unset)
        assert data_folder() == tmp_path / ".local" / "share" / "realtime-fer"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "d"))
    assert models_folder() == tmp_path / "d" / "realtime-fer" / "models"
    assert fetched_folder("x") == tmp_path / "d" / "realtime-fer" / "fetched" / "x"
    assert as_typed("{models}/a {fetched}/b") == f"{models_folder()}/a {fetched_folder('b')}"


def test_imported_models_are_searched_between_named_and_shipped_ones(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home / "models" not in shelves(), "as long as it is not there"
    for shelf in (home / "models", tmp_path / "named"):
        (shelf / "mine").mkdir(parents=True)
        (shelf / "mine" / "m.onnx").write_bytes(b"abc")
        write(shelf / "mine", {**EXPRESSION, "name": "mine", "sha256": hashlib.sha256(b"abc").hexdigest()})
    assert shelves()[0] == home / "models"
    assert find_model("mine").folder == home / "models" / "mine"
    assert "mine" in {model.folder.name for model in list_models()}
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "named"))
    assert shelves()[:2] == [tmp_path / "named", home / "models"]
    assert find_model("mine").folder == tmp_path / "named" / "mine"
