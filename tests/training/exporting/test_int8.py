from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.errors import DatasetError, ModelError
from realtime_fer.inference.session import open_session
from realtime_fer.training.exporting import int8 as module
from realtime_fer.training.exporting.int8 import export_int8
from realtime_fer.zoo.manifest import read_manifest
from realtime_fer.zoo.precision import with_precision
from realtime_fer.zoo.shelf import ShelvedModel, find_model, verify_model

pytestmark = pytest.mark.torch


def copy_of(name: str, to: Path) -> ShelvedModel:
    """The shipped float32 model alone."""
    folder = to / name
    shutil.copytree(find_model(name).folder, folder)
    for file in folder.glob("*-int8.onnx"):
        file.unlink()
    return ShelvedModel(folder, read_manifest(folder))


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Blurred noise: smooth enough to look like something to a network."""
    monkeypatch.setattr(module, "CALIBRATION_FACES", 60)
    monkeypatch.setattr(module, "FACES_A_BATCH", 6)
    rng = np.random.default_rng(0)
    noise = [cv2.GaussianBlur(rng.integers(0, 256, (48, 48)).astype(np.uint8), (9, 9), 3) for _ in range(80)]
    votes = np.zeros((80, 10), np.uint8)
    votes[:, 0] = 10
    np.savez(tmp_path / "faces.npz", images=np.stack(noise), votes=votes)
    return tmp_path / "faces.npz"


def test_a_classifier(tmp_path: Path, faces: Path) -> None:
    model = copy_of("emotion-gcn-ferplus", tmp_path)
    path = export_int8(model, faces)
    made = ShelvedModel(model.folder, read_manifest(model.folder))
    verify_model(made)
    assert path == with_precision(made, "int8").weights
    assert path.stat().st_size < 0.6 * model.weights.stat().st_size
    x = np.load(faces)["images"][60:].astype(np.float32)[:, None]
    right, found = (open_session(file).run(None, {"faces": x})[0] for file in (model.weights, path))
    assert 0 < np.abs(right - found).mean() < 0.25


def test_a_detector(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    rng = np.random.default_rng(0)
    for index in range(4):
        cv2.imwrite(str(pictures / f"{index}.png"), cv2.resize(rng.integers(0, 256, (6, 8, 3)).astype(np.uint8), (160, 120)))
    (pictures / "notes.txt").write_text("no picture")
    model = copy_of("face-lite", tmp_path)
    path = export_int8(model, pictures)
    assert path.stat().st_size < 0.4 * model.weights.stat().st_size
    manifest = read_manifest(model.folder)
    assert manifest.int8 is not None
    assert manifest.int8.calibrated_on.startswith("4 training pictures at")


def test_too_different_is_not_written(tmp_path: Path, faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOGIT_TOLERANCE", 1e-6)
    model = copy_of("emotion-gcn-ferplus", tmp_path)
    before = (model.folder / "manifest.json").read_bytes()
    with pytest.raises(ModelError, match="differs from float32"):
        export_int8(model, faces)
    assert (model.folder / "manifest.json").read_bytes() == before
    assert not list(model.folder.glob("*int8*"))


def test_nothing_to_calibrate_on(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="folder of pictures to calibrate on, found 0"):
        export_int8(copy_of("face-lite", tmp_path), tmp_path / "absent")
