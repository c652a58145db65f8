"""What the command line hands to training, export, evaluation and card of the tiny chain model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from realtime_fer.commands.card import card
from realtime_fer.commands.evaluate.command import evaluate
from realtime_fer.commands.export.command import export
from realtime_fer.commands.train.command import train
from tests.evaluation.chain_of_affect.test_ferplus import PAIRS, faces_of, write

PACKAGE = "realtime_fer.training.chain_of_affect_tiny"


def stand_in(
    monkeypatch: pytest.MonkeyPatch, module: str, function: str, result: object
) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Stands for a module that needs torch; notes the calls of one function."""
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def note(*args: Any, **settings: Any) -> object:
        calls.append((args, settings))
        return result

    made = ModuleType(f"{PACKAGE}.{module}")
    setattr(made, function, note)
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return calls


def test_training_options_reach_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = stand_in(monkeypatch, "run", "train_chain_of_affect_tiny", Path("there/last.pt"))
    command = "chain-of-affect-tiny --data f.npz --vision-from v.pt --out o --epochs 2 --batch 9 --seed 4 --threads 1 --resume"
    result = CliRunner().invoke(train, [*command.split(), "--stop-after", "1", "--camera-share", "0.25", "--device", "cuda"])
    assert result.exit_code == 0, result.output
    ((_, asked),) = calls
    assert (asked["data"], asked["vision_from"], asked["out"]) == (Path("f.npz"), Path("v.pt"), Path("o"))
    assert (asked["epochs"], asked["batch"], asked["seed"], asked["threads"], asked["resume"]) == (2, 9, 4, 1, True)
    assert (asked["stop_after"], asked["camera_share"], asked["device"], asked["limit"]) == (1, 0.25, "cuda", None)
    assert callable(asked["progress"])
    assert "realtime-fer export chain-of-affect-tiny --weights there/last.pt" in result.output


@pytest.mark.parametrize("missing", ["--data", "--vision-from"])
def test_training_needs_faces_and_eyes(missing: str) -> None:
    given = {"--data": "f.npz", "--vision-from": "v.pt"}
    del given[missing]
    result = CliRunner().invoke(train, ["chain-of-affect-tiny", *(part for pair in given.items() for part in pair)])
    assert result.exit_code == 2
    assert missing in result.output


def test_export_options(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = stand_in(monkeypatch, "export", "export_chain_of_affect_tiny", Path("m/manifest.json"))
    result = CliRunner().invoke(export, ["chain-of-affect-tiny", "--weights", "last.pt", "--out", "m", "--version", "2"])
    assert result.exit_code == 0, result.output
    assert calls == [((Path("last.pt"), Path("m")), {"version": "2"})]
    assert "wrote m/manifest.json" in result.output


def test_the_shipped_model_is_evaluated_in_words(tmp_path: Path) -> None:
    images, votes, _ = faces_of(PAIRS)
    data = write(tmp_path / "f.npz", votes, images)
    command = ["chain-of-affect-tiny", "--data", str(data), "--protocol", "ferplus-chain"]
    result = CliRunner().invoke(evaluate, [*command, "--json"])
    assert result.exit_code == 0, result.output
    line = json.loads(result.output.splitlines()[-1])
    assert (line["protocol"], line["n"], line["secondary"]["n"]) == ("ferplus-chain", 5, 5)
    assert line["intervals"]["gain"]
    told = CliRunner().invoke(evaluate, command).output
    assert "second question, accuracy" in told
    assert "by a rule, accuracy" in told
    assert "bootstrap interval" in told


def test_its_first_question_answers_the_majority_protocol_too(tmp_path: Path) -> None:
    images, votes, _ = faces_of(PAIRS)
    data = write(tmp_path / "f.npz", votes, images)
    command = ["chain-of-affect-tiny", "--data", str(data), "--protocol", "ferplus-majority"]
    line = json.loads(CliRunner().invoke(evaluate, [*command, "--json"]).output.splitlines()[-1])
    assert line["n"] == 5
    assert {"war", "uar", "ece", "per_class"} <= set(line)
    assert "secondary" not in line
    assert "second question" not in CliRunner().invoke(evaluate, command).output


def test_its_card_asks_for_the_run_and_gets_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls = stand_in(monkeypatch, "card", "write_tiny_card", None)
    bare = ["chain-of-affect-tiny", "--data", "v.npz"]
    refused = CliRunner().invoke(card, bare)
    assert refused.exit_code == 2
    assert "--run and --training-command" in refused.output
    result = CliRunner().invoke(
        card, [*bare, "--run", str(tmp_path), "--training-command", "typed", "--draws", "7", "--cpu", "c"]
    )
    assert result.exit_code == 0, result.output
    (((folder,), asked),) = calls
    assert folder.name == "chain-of-affect-tiny"
    assert (asked["data"], asked["run"], asked["draws"], asked["cpu"]) == (Path("v.npz"), tmp_path, 7, "c")
    assert asked["training_command"] == "typed"
