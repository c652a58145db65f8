from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError
from realtime_fer.zoo.shelf import find_model, list_models, model_folders, shelves, verify_model
from tests.zoo.test_manifest import EXPRESSION, write


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "m.onnx").write_bytes(b"abc")
    write(tmp_path / "mine", {**EXPRESSION, "name": "mine", "sha256": hashlib.sha256(b"abc").hexdigest()})
    monkeypatch.setenv("REALTIME_FER_MODELS", str(tmp_path))
    return tmp_path


def test_the_users_shelf_comes_first_and_shipped_models_are_found(shelf: Path) -> None:
    assert shelves()[0] == shelf
    names = [model.manifest.name for model in list_models()]
    assert "mine" in names
    assert {"yolov8n-face", "emotion-gcn-ferplus"} <= set(names)


def test_by_name_and_by_path(shelf: Path) -> None:
    assert find_model("mine").weights == shelf / "mine" / "m.onnx"
    assert find_model(str(shelf / "mine")).manifest.name == "mine"


def test_an_unknown_name_lists_the_known_ones(shelf: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"'nobody'.*emotion-gcn-ferplus, .*mine"):
        find_model("nobody")


def test_folders_are_known_by_their_own_names_whole_or_not(shelf: Path) -> None:
    (shelf / "mine").rename(shelf / "other")
    (shelf / "broken").mkdir()
    (shelf / "broken" / "manifest.json").write_text("{")
    folders = {folder.name: folder for folder in model_folders()}
    assert folders["other"] == shelf / "other"
    assert list(folders) == sorted(folders)
    with pytest.raises(ModelNotFoundError, match=r"models here \(broken, .*emotion-gcn-ferplus, .*other"):
        find_model("nobody")
    with pytest.raises(ModelCorruptError, match="broken"):
        list_models()


def test_whole(shelf: Path) -> None:
    verify_model(find_model("mine"))


def test_shipped_weights_are_what_their_manifests_say() -> None:
    for model in list_models():
        verify_model(model)
        assert (model.folder / "CARD.md").is_file()


def test_changed_bytes(shelf: Path) -> None:
    (shelf / "mine" / "m.onnx").write_bytes(b"abd")
    with pytest.raises(ModelCorruptError, match="expected sha256"):
        verify_model(find_model("mine"))


def test_cut_short(shelf: Path) -> None:
    (shelf / "mine" / "m.onnx").write_bytes(b"a")
    with pytest.raises(ModelCorruptError, match="expected 3 bytes, found 1"):
        verify_model(find_model("mine"))


def test_missing_weights(shelf: Path) -> None:
    (shelf / "mine" / "m.onnx").unlink()
    with pytest.raises(ModelNotFoundError, match=r"m\.onnx"):
        verify_model(find_model("mine"))


def test_the_int8_file_is_verified_too(shelf: Path) -> None:
    digest = hashlib.sha256(b"8").hexdigest()
    eight = {"file": "m8.onnx", "sha256": digest, "size_bytes": 1, "calibrated_on": "nothing"}
    fields = {**EXPRESSION, "name": "mine", "sha256": hashlib.sha256(b"abc").hexdigest(), "int8": eight}
    write(shelf / "mine", fields)
    with pytest.raises(ModelNotFoundError, match=r"m8\.onnx: weights of mine are missing"):
        verify_model(find_model("mine"))
    (shelf / "mine" / "m8.onnx").write_bytes(b"8")
    verify_model(find_model("mine"))
    (shelf / "mine" / "m8.onnx").write_bytes(b"9")
    with pytest.raises(ModelCorruptError, match="expected sha256"):
        verify_model(find_model("mine"))
