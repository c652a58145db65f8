"""What the command line hands to the writers of cards; the writers are tested beside themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from realtime_fer.commands.card import card
from realtime_fer.errors import ModelCorruptError
from realtime_fer.training.detection import card as detector_card
from realtime_fer.training.emotion_gcn_ferplus import card as expression_card
from realtime_fer.zoo.shelf import find_model
from tests.evaluation.detector_folders import save_detector


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands for both writers; holds what one was called with."""
    seen: dict[str, Any] = {}

    def write_detector_card(folder: Path, data: Path, **settings: Any) -> None:
        settings.pop("progress")("measuring")
        seen.update(settings, folder=folder, data=data, writer="detector")

    def write_card(folder: Path, **settings: Any) -> None:
        settings.pop("progress")("measuring")
        seen.update(settings, folder=folder, writer="expression")

    monkeypatch.setattr(detector_card, "write_detector_card", write_detector_card)
    monkeypatch.setattr(expression_card, "write_card", write_card)
    return seen


def run(*arguments: str) -> Result:
    return CliRunner().invoke(card, list(arguments), standalone_mode=False)


def test_a_detector_with_its_notes(asked: dict[str, Any], tmp_path: Path) -> None:
    folder = save_detector(tmp_path / "tiny")
    (folder / "NOTES.md").write_text("realtime-fer train detector\n")
    result = run(str(folder), "--data", "d", "--cpu", "a core", "--draws", "7")
    assert f"wrote {folder / 'CARD.md'}" in result.output
    assert asked == {
        "writer": "detector",
        "folder": folder,
        "data": Path("d"),
        "run": None,
        "training_command": None,
        "notes": folder / "NOTES.md",
        "cpu": "a core",
        "draws": 7,
    }


def test_a_detector_without_notes_and_with_everything_else(asked: dict[str, Any], tmp_path: Path) -> None:
    folder = save_detector(tmp_path / "tiny")
    run(str(folder), "--data", "d", "--run", "runs/x", "--training-command", "realtime-fer train detector --epochs 3")
    assert asked["notes"] is None
    assert (asked["run"], asked["training_command"]) == (Path("runs/x"), "realtime-fer train detector --epochs 3")
    assert "draws" not in asked
    run(str(folder), "--data", "d", "--notes", "other.md")
    assert asked["notes"] == Path("other.md")


def test_the_shipped_classifier(asked: dict[str, Any]) -> None:
    arguments = ("emotion-gcn-ferplus", "--data", "valid.npz", "--run", "runs/e", "--training-command", "realtime-fer train")
    result = run(*arguments)
    assert result.exception is None
    folder = find_model("emotion-gcn-ferplus").folder
    assert asked == {
        "writer": "expression",
        "folder": folder,
        "data": Path("valid.npz"),
        "run": Path("runs/e"),
        "training_command": "realtime-fer train",
        "cpu": "x86-64",
        "notes": folder / "NOTES.md",
    }


def test_a_classifier_needs_its_run_and_command(asked: dict[str, Any]) -> None:
    result = run("emotion-gcn-ferplus", "--data", "valid.npz", "--run", "runs/e")
    assert isinstance(result.exception, click.UsageError)
    assert "--training-command" in result.exception.message
    assert not asked


def test_a_broken_model_gets_no_card(asked: dict[str, Any], tmp_path: Path) -> None:
    folder = save_detector(tmp_path / "tiny")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "sha256": "0" * 64}))
    assert isinstance(run(str(folder), "--data", "d").exception, ModelCorruptError)
    assert not asked
