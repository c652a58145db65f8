"""What the command line hands to the training code; the training itself is tested beside it."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from realtime_fer.commands.train.command import train


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands for the training modules, which need torch; holds what they were called with."""
    seen: dict[str, Any] = {}

    def train_it(**settings: Any) -> Path:
        seen.update(settings)
        settings.get("progress", print)("epoch 1")
        return Path("there/last.pt")

    for name, function in (
        ("detection.yolov8n", "train_detector"),
        ("detection.face_lite", "train_face_lite"),
        ("emotion_gcn_ferplus.run", "train_expression"),
    ):
        module = ModuleType(f"realtime_fer.training.{name}")
        setattr(module, function, train_it)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return seen


def test_face_lite_options_reach_the_training(asked: dict[str, Any]) -> None:
    command = "face-lite --data d --out o --epochs 3 --sources rf,os --composites 7 --seed 4 --threads 1 --resume"
    result = CliRunner().invoke(train, [*command.split(), "--stop-after", "2"])
    assert result.exit_code == 0, result.output
    assert (asked["data"], asked["out"], asked["epochs"]) == (Path("d"), Path("o"), 3)
    assert (asked["sources"], asked["composites"], asked["seed"]) == (["rf", "os"], 7, 4)
    assert asked["stop_after"] == 2
    assert (asked["threads"], asked["resume"], asked["limit"], asked["device"]) == (1, True, None, "cpu")
    assert result.output.splitlines()[0] == "epoch 1"
    assert "realtime-fer export face-lite --weights there/last.pt" in result.output


def test_spaces_between_sources_do_not_count(asked: dict[str, Any]) -> None:
    CliRunner().invoke(train, ["face-lite", "--data", "d", "--sources", "rf, os"])
    assert asked["sources"] == ["rf", "os"]


def test_face_lite_needs_data(asked: dict[str, Any]) -> None:
    result = CliRunner().invoke(train, ["face-lite"])
    assert result.exit_code == 2
    assert "--data" in result.output
    assert not asked


def test_expression_options_reach_the_training(asked: dict[str, Any]) -> None:
    command = (
        "emotion-gcn-ferplus --data f.npz --out o --epochs 3 --batch 7 --backbone large --camera-share 0.25 "
        "--teacher a/last.pt --teacher b/last.pt --teacher-share 0.6 --dropout 0.3 --seed 4 --threads 1 --limit 9"
    )
    result = CliRunner().invoke(
        train, [*command.split(), "--stop-after", "2", "--resume", "--start-from", "s.pt", "--head", "linear"]
    )
    assert result.exit_code == 0, result.output
    assert (asked["start_from"], asked["head"]) == (Path("s.pt"), "linear")
    assert (asked["data"], asked["out"], asked["epochs"], asked["batch"]) == (Path("f.npz"), Path("o"), 3, 7)
    assert (asked["backbone"], asked["camera_share"], asked["dropout"]) == ("large", 0.25, 0.3)
    assert list(asked["teachers"]) == [Path("a/last.pt"), Path("b/last.pt")]
    assert (asked["teacher_share"], asked["seed"], asked["threads"], asked["limit"]) == (0.6, 4, 1, 9)
    assert (asked["stop_after"], asked["resume"]) == (2, True)
    assert result.output.splitlines()[0] == "epoch 1"
    assert "realtime-fer export emotion-gcn-ferplus --weights there/last.pt" in result.output


def test_expressions_are_learned_from_the_crowd_alone_by_default(asked: dict[str, Any]) -> None:
    result = CliRunner().invoke(train, ["emotion-gcn-ferplus", "--data", "f.npz"])
    assert result.exit_code == 0, result.output
    assert list(asked["teachers"]) == []
    assert asked["camera_share"] == 1
    assert (asked["resume"], asked["stop_after"], asked["limit"], asked["device"]) == (False, None, None, "cpu")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--backbone", "enormous"),
        ("--teacher-share", "1.5"),
        ("--camera-share", "-1"),
        ("--epochs", "0"),
        ("--dropout", "1"),
        ("--seed", "-1"),
        ("--peak-learning-rate", "-1"),
        ("--weight-decay", "-1"),
    ],
)
def test_expression_options_out_of_range_are_named(asked: dict[str, Any], option: str, value: str) -> None:
    result = CliRunner().invoke(train, ["emotion-gcn-ferplus", "--data", "f.npz", option, value])
    assert result.exit_code == 2
    assert option in result.output
    assert not asked


def test_detector_options_reach_the_training(asked: dict[str, Any]) -> None:
    command = "detector --data d --epochs 3 --image-size 512 --scale 0.5 --device 0,1 --start-from s.onnx --resume"
    result = CliRunner().invoke(train, command.split())
    assert result.exit_code == 0, result.output
    assert (asked["data"], asked["out"], asked["epochs"]) == (Path("d"), Path("runs/detector"), 3)
    assert (asked["image_size"], asked["scale"], asked["device"]) == (512, 0.5, "0,1")
    assert (asked["start_from"], asked["resume"], asked["limit"]) == (Path("s.onnx"), True, None)
    assert "export detector --weights there" in result.output


@pytest.mark.torch
@pytest.mark.parametrize(
    ("command", "training", "needs"),
    [
        ("detector", "detection.yolov8n.train_detector", ("torch", "ultralytics")),
        ("emotion-gcn-ferplus", "emotion_gcn_ferplus.run.train_expression", ("torch",)),
        ("face-lite", "detection.face_lite.train_face_lite", ("torch",)),
        ("chain-of-affect-tiny", "chain_of_affect_tiny.run.train_chain_of_affect_tiny", ("torch", "transformers")),
    ],
)
def test_every_option_is_an_argument_of_the_training(command: str, training: str, needs: tuple[str, ...]) -> None:
    """Their options are handed on as they are."""
    for package in needs:
        pytest.importorskip(package)
    module, _, name = training.rpartition(".")
    arguments = inspect.signature(getattr(importlib.import_module(f"realtime_fer.training.{module}"), name)).parameters
    needed = {name for name, argument in arguments.items() if argument.default is inspect.Parameter.empty}
    options = {option.name for option in train.commands[command].params}
    assert needed <= options <= set(arguments)
