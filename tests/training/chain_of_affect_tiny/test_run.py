from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from realtime_fer.errors import DatasetError, SettingsError  # noqa: E402
from realtime_fer.training.chain_of_affect_tiny.questions import LABELS  # noqa: E402
from tests.chain_tiny import train_tiny, write_faces, write_vision  # noqa: E402

pytestmark = pytest.mark.torch


def saved_by(folder: Path, out: str, **settings: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = torch.load(train_tiny(folder, folder / out, **settings), weights_only=True)
    return loaded


def test_an_interrupted_run_ends_as_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = saved_by(tmp_path, "whole")
    saved_by(tmp_path, "parts", stop_after=1)
    lines: list[str] = []
    # Another rate is asked for, but a resumed run keeps its recipe.
    parts = saved_by(tmp_path, "parts", resume=True, peak_learning_rate=1.0, progress=lines.append)
    assert (parts["recipe"], parts["epoch"]) == (whole["recipe"], 2)
    for name, value in whole["average"].items():
        assert torch.equal(value, parts["average"][name]), name
    assert any("held_out_second" in line for line in lines)
    assert (tmp_path / "parts" / "history.json").is_file()


def test_the_loss_falls_and_the_eyes_stay(tmp_path: Path) -> None:
    saved = saved_by(tmp_path, "out", epochs=5)
    losses = [row["loss"] for row in saved["history"]]
    assert losses[-1] < 0.6 * losses[0]
    vision = torch.load(tmp_path / "vision.pt", weights_only=True)["average"]
    assert torch.equal(saved["average"]["tower.blocks.0.conv1.weight"], vision["blocks.0.conv1.weight"])
    held_out = saved["held_out"]
    assert held_out["first_logits"].shape == held_out["second_logits"].shape == (3, 9)
    named = {LABELS.every[number] for number in held_out["first_labels"].tolist()}
    assert named <= {"Happiness", "Anger"}
    assert saved["config"]["labels"] == list(LABELS.every)
    assert json.loads(saved["tokenizer"])["model"]["type"] == "BPE"


def test_another_seed_is_another_run(tmp_path: Path) -> None:
    one, other = (saved_by(tmp_path, f"seed{seed}", epochs=1, seed=seed)["average"] for seed in (1, 2))
    assert not torch.equal(one["projector.summary.weight"], other["projector.summary.weight"])


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"last\.pt"):
        train_tiny(tmp_path, tmp_path / "none", resume=True)
    write_faces(tmp_path / "faces.npz")
    torch.save({"recipe": {}, "average": {}}, tmp_path / "vision.pt")
    with pytest.raises(DatasetError, match=r"vision\.pt: expected a checkpoint of an expression training"):
        train_tiny(tmp_path, tmp_path / "out")
    with pytest.raises(SettingsError, match="hidden size: expected a multiple of the 5 attention heads, found 32"):
        train_tiny(tmp_path, tmp_path / "out", heads=5)
    saved = torch.load(write_vision(tmp_path / "vision.pt"), weights_only=True)
    del saved["average"]["pooling"]
    torch.save(saved, tmp_path / "vision.pt")
    with pytest.raises(DatasetError, match=r"vision\.pt: expected a checkpoint of an expression training"):
        train_tiny(tmp_path, tmp_path / "out")
