"""Needs the train extra; the whole file is skipped without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime_fer.errors import DatasetError, SettingsError

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.training.detection import face_lite as module  # noqa: E402
from realtime_fer.training.detection.face_lite import collate, draw_curves, pictures_fingerprint, train_face_lite  # noqa: E402
from realtime_fer.training.detection.face_lite_data import FaceLiteSamples  # noqa: E402

# torch warns about its own future.
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three sources with bright discs for faces, and dark pictures without."""
    root = tmp_path / "data"
    rng = np.random.default_rng(0)
    for split, names in (("train", ("rf_1", "rf_2", "os_1", "mk_1")), ("val", ("rf_9",))):
        for part in ("images", "labels"):
            (root / split / part).mkdir(parents=True)
        for name in names:
            image = rng.integers(0, 60, (96, 128, 3), np.uint8)
            cv2.circle(image, (64, 48), 24, (230, 230, 230), -1)
            cv2.imwrite(str(root / split / "images" / f"{name}.png"), image)
            (root / split / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.375 0.5\n")
    (root / "negatives").mkdir()
    for name in ("os_5", "bs_5"):
        cv2.imwrite(str(root / "negatives" / f"{name}.png"), rng.integers(0, 60, (96, 128, 3), np.uint8))
    return root


def train(data: Path, out: Path, **settings: object) -> Path:
    lines: list[str] = []
    arguments = {"epochs": 3, "image_size": 64, "batch": 4, "composites": 2, "threads": 1, "progress": lines.append}
    return train_face_lite(data=data, out=out, **{**arguments, **settings})  # type: ignore[arg-type]


def test_a_run_leaves_checkpoint_history_and_curves(data: Path, tmp_path: Path) -> None:
    last = train(data, tmp_path / "run", epochs=2)
    assert last == tmp_path / "run" / "last.pt"
    history = json.loads((tmp_path / "run" / "history.json").read_text())
    assert [row["epoch"] for row in history] == [1, 2]
    assert all(0 < row["loss"] < 1000 for row in history)
    assert {"score_loss", "box_loss", "overlap", "seconds"} <= set(history[0])
    assert (tmp_path / "run" / "curves.png").stat().st_size > 1000
    saved = torch.load(last, weights_only=True)
    assert saved["recipe"]["sources"] == ("hm", "jt", "os", "rf")
    average, model = saved["average"], saved["model"]
    assert any(not torch.equal(average[name], model[name]) for name in model)


def test_only_the_named_sources_are_learned_from(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "run", epochs=1)
    names = {path.name for path in (tmp_path / "run" / "data").rglob("*.png")}
    assert names == {"rf_1.png", "rf_2.png", "os_1.png", "rf_9.png", "os_5.png"}


def test_a_resumed_run_ends_as_one_that_was_never_stopped(data: Path, tmp_path: Path) -> None:
    whole = torch.load(train(data, tmp_path / "whole"), weights_only=True)
    train(data, tmp_path / "parts", stop_after=1)
    # The recipe of the first start counts, whatever is asked for later.
    parts = torch.load(train(data, tmp_path / "parts", resume=True, epochs=9, seed=5), weights_only=True)
    assert parts["epoch"] == whole["epoch"] == 3
    assert parts["recipe"] == whole["recipe"]
    for name, value in whole["average"].items():
        assert torch.equal(value, parts["average"][name]), name


def test_pictures_of_a_size_that_the_network_does_not_take(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="image size: expected a multiple of 32 pixels, found 100"):
        train(data, tmp_path / "run", image_size=100)


@pytest.mark.parametrize("changed", ["images/rf_1.png", "labels/rf_1.txt"])
def test_other_pictures_or_faces_are_not_resumed_with(data: Path, tmp_path: Path, changed: str) -> None:
    train(data, tmp_path / "run", stop_after=1)
    (data / "train" / changed).write_bytes((data / "train" / changed.replace("rf_1", "os_1")).read_bytes() + b"\n")
    with pytest.raises(DatasetError, match=r"last\.pt: was made with other --data"):
        train(data, tmp_path / "run", resume=True)


def test_composites_are_not_of_the_fingerprint(data: Path, tmp_path: Path) -> None:
    """Another OpenCV may write other JPEGs, and the run shall go on with it."""
    train(data, tmp_path / "run", epochs=1)
    paths = [Path(line) for line in (tmp_path / "run" / "data" / "train.txt").read_text().splitlines()]
    before = pictures_fingerprint(paths)
    composite = next(path for path in paths if path.name.startswith("cp_"))
    composite.write_bytes(b"other")
    assert pictures_fingerprint(paths) == before
    paths[0].write_bytes(b"other")
    assert pictures_fingerprint(paths) != before


def test_nothing_to_resume(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"last\.pt: expected the checkpoint"):
        train(data, tmp_path / "run", resume=True)


def test_progress_is_told(data: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    train(data, tmp_path / "run", epochs=1, progress=lines.append)
    assert "samples an epoch" in lines[0]
    assert lines[-1].startswith("epoch 1, loss ")


def test_curves_of_the_first_epoch(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    draw_curves([{"epoch": 1.0, "score_loss": 2.0, "box_loss": 1.0, "overlap": 0.1}], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_the_last_epochs_show_whole_pictures(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mosaics: list[bool] = []

    def note(*arguments: Any, **settings: Any) -> FaceLiteSamples:
        mosaics.append(settings["mosaic"])
        return FaceLiteSamples(*arguments, **settings)

    monkeypatch.setattr(module, "FaceLiteSamples", note)
    monkeypatch.setattr(module, "PLAIN_FRACTION", 1 / 3)
    train(data, tmp_path / "run")
    assert mosaics == [True, True, False]


def test_a_batch_is_rgb_and_padded_with_no_faces() -> None:
    blue = np.zeros((32, 32, 3), np.uint8)
    blue[..., 0] = 255
    face = np.array([[1, 2, 3, 4]], np.float32)
    images, faces, is_face = collate([(blue, face), (blue, np.zeros((0, 4), np.float32))])
    assert images.shape == (2, 3, 32, 32)
    assert images[0, :, 0, 0].tolist() == [0, 0, 255]
    assert faces.shape == (2, 1, 4)
    assert is_face.tolist() == [[True], [False]]
