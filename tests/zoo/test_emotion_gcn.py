from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from realtime_fer.errors import MissingExtraError, ModelNotFoundError, SettingsError
from realtime_fer.training.exporting.model_folder import write_model_folder
from realtime_fer.zoo.emotion_gcn import NAME, classifier_name, emotion_gcn_folder
from realtime_fer.zoo.shelf import MODELS_VARIABLE

FIELDS = {
    "version": "1.0",
    "task": "expression",
    "licence": "LicenseRef-unknown",
    "licence_note": "n",
    "description": "d",
    "trained_on": "t",
    "labels": ["a", "b"],
    "crop": {"size_px": 112, "colour": "rgb", "margin": 0.0},
    "temperature": 1.0,
    "valence_arousal": "predicted",
}


def model_folder(folder: Path, content: bytes = b"net") -> Path:
    def write(draft: Path) -> None:
        draft.write_bytes(content)

    write_model_folder(folder, "m", write, FIELDS)
    return folder


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Stands for the export, which needs torch; holds the folders it wrote."""
    written: list[Path] = []
    module = ModuleType("realtime_fer.training.emotion_gcn.export")

    def export_emotion_gcn(weights: Path, out: Path) -> Path:
        written.append(model_folder(out, weights.read_bytes()))
        return out / "m.onnx"

    module.export_emotion_gcn = export_emotion_gcn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return written


def test_a_model_folder_or_the_file_in_it(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "out")
    assert emotion_gcn_folder(folder) == folder
    assert emotion_gcn_folder(folder / "m.onnx") == folder
    assert classifier_name(NAME, folder / "m.onnx") == str(folder)


def test_a_checkpoint_is_exported_once_for_each_content(tmp_path: Path, exports: list[Path]) -> None:
    weights = tmp_path / "w.pth"
    weights.write_bytes(b"one")
    folder = emotion_gcn_folder(weights)
    assert exports == [folder]
    assert folder.is_relative_to(tmp_path / "cache" / "realtime-fer")
    assert emotion_gcn_folder(weights) == folder
    assert len(exports) == 1
    (tmp_path / "emb.pkl").write_bytes(b"words")
    with_words = emotion_gcn_folder(weights)
    weights.write_bytes(b"two")
    assert len({folder, with_words, emotion_gcn_folder(weights)}) == len(exports) == 3


def test_a_broken_cache_is_made_anew(tmp_path: Path, exports: list[Path]) -> None:
    (tmp_path / "w.pth").write_bytes(b"one")
    folder = emotion_gcn_folder(tmp_path / "w.pth")
    (folder / "m.onnx").write_bytes(b"cut")
    emotion_gcn_folder(tmp_path / "w.pth")
    (folder / "manifest.json").write_text("{")
    emotion_gcn_folder(tmp_path / "w.pth")
    assert len(exports) == 3
    assert (folder / "m.onnx").read_bytes() == b"one"


def test_without_torch_a_checkpoint_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delitem(sys.modules, "realtime_fer.training.emotion_gcn.export", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "w.pth").write_bytes(b"one")
    with pytest.raises(MissingExtraError, match=r"realtime-fer\[train\]"):
        emotion_gcn_folder(tmp_path / "w.pth")


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"absent\.pth: expected weights of emotion-gcn"):
        emotion_gcn_folder(tmp_path / "absent.pth")
    (tmp_path / "bare.onnx").write_bytes(b"net")
    with pytest.raises(ModelNotFoundError, match=r"expected the manifest\.json"):
        emotion_gcn_folder(tmp_path / "bare.onnx")
    model_folder(tmp_path)
    with pytest.raises(ModelNotFoundError, match=r"is that of m\.onnx"):
        emotion_gcn_folder(tmp_path / "bare.onnx")


def test_other_names_stay_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert classifier_name("emotion-gcn-ferplus", None) == "emotion-gcn-ferplus"
    with pytest.raises(SettingsError, match="'emotion-gcn-ferplus' has weights of its own"):
        classifier_name("emotion-gcn-ferplus", tmp_path / "w.pth")
    with pytest.raises(ModelNotFoundError, match="not shipped; give --weights FILE"):
        classifier_name(NAME, None)
    manifest = json.loads((model_folder(tmp_path / "shelf" / NAME) / "manifest.json").read_text())
    assert manifest["name"] == "m"
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "shelf"))
    assert classifier_name(NAME, None) == NAME
