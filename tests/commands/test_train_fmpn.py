"""What the command line hands to the training of FMPN."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from realtime_fer.commands.train import train
from realtime_fer.commands.train_fmpn import fmpn


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands for the training, which needs torch; holds what it was called with."""
    seen: dict[str, Any] = {}

    def train_fmpn(**settings: Any) -> Path:
        seen.update(settings)
        settings["progress"]("epoch 1")
        return Path("there/last.pt")

    module = ModuleType("realtime_fer.training.fmpn.run")
    module.train_fmpn = train_fmpn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return seen


def test_options_reach_the_training(asked: dict[str, Any]) -> None:
    command = (
        "fmpn --data d --out o --stage masks --epochs 9 --decay-epochs 3 --batch 7 --learning-rate 0.001 --size 99 "
        "--channels 8 --blocks 2 --norm instance --neutral calm --without-neutral --people-in-names "
        "--masks m --held-out 0 --seed 4 --threads 1 --workers 2 --limit 5 --stop-after 2 --resume"
    )
    result = CliRunner().invoke(train, command.split())
    assert result.exit_code == 0, result.output
    expected = {"data": Path("d"), "out": Path("o"), "stage": "masks", "epochs": 9, "decay_epochs": 3, "batch": 7}
    expected |= {"learning_rate": 0.001, "size_px": 99, "channels": 8, "blocks": 2, "norm": "instance", "neutral": "calm"}
    expected |= {"without_neutral": True, "people_in_names": True, "masks": Path("m"), "held_out": 0, "seed": 4}
    expected |= {"threads": 1, "workers": 2, "limit": 5, "stop_after": 2, "resume": True}
    assert {name: asked[name] for name in expected} == expected
    assert result.output.splitlines() == [
        "epoch 1",
        "checkpoint: there/last.pt; next: realtime-fer train fmpn --stage classifier",
    ]


def test_the_second_stage_and_published_defaults(asked: dict[str, Any]) -> None:
    command = "fmpn --data d --stage classifier --generator g.pt --pretrained i.pth --mask-weight 10 --width 0.5"
    result = CliRunner().invoke(train, [*command.split(), "--generator-learning-rate", "0.1"])
    assert result.exit_code == 0, result.output
    assert (asked["generator"], asked["pretrained"], asked["mask_weight"]) == (Path("g.pt"), Path("i.pth"), 10)
    assert (asked["width"], asked["generator_learning_rate"]) == (0.5, 0.1)
    assert (asked["epochs"], asked["decay_epochs"], asked["batch"], asked["learning_rate"]) == (None, None, None, None)
    assert (asked["size_px"], asked["channels"], asked["blocks"], asked["norm"]) == (None, 64, 4, "batch")
    assert "realtime-fer export fmpn --weights there/last.pt" in result.output


@pytest.mark.parametrize(
    ("option", "value"), [("--stage", "both"), ("--norm", "layer"), ("--held-out", "1"), ("--width", "0"), ("--epochs", "0")]
)
def test_options_out_of_range_are_named(asked: dict[str, Any], option: str, value: str) -> None:
    result = CliRunner().invoke(train, ["fmpn", "--data", "d", "--stage", "masks", option, value])
    assert result.exit_code == 2
    assert option in result.output
    assert not asked


@pytest.mark.torch
def test_options_and_defaults_are_those_of_the_training() -> None:
    pytest.importorskip("torch", reason="needs the train extra")
    from realtime_fer.training.fmpn.run import train_fmpn

    defaults = {name: p.default for name, p in inspect.signature(train_fmpn).parameters.items()}
    # A file of options says nothing to the training itself.
    assert {str(option.name) for option in fmpn.params} - {"config"} == defaults.keys() - {"progress"}
    found = fmpn.make_context("fmpn", ["--data", "d", "--stage", "masks"]).params
    for given in ("data", "out", "stage"):
        found.pop(given), defaults.pop(given)
    assert found == {name: defaults[name] for name in found}


def test_options_for_comparisons_and_folds(asked: dict[str, Any]) -> None:
    command = (
        "fmpn --data d --stage classifier --classifier compact --backbone medium --dropout 0.1 --without-mask "
        "--schedule one-cycle --camera-share 0.5 --weight-decay 0.01 --layout fmpn --fold 3"
    )
    result = CliRunner().invoke(train, command.split())
    assert result.exit_code == 0, result.output
    expected = {"classifier": "compact", "backbone": "medium", "dropout": 0.1, "without_mask": True, "schedule": "one-cycle"}
    expected |= {"camera_share": 0.5, "weight_decay": 0.01, "layout": "fmpn", "fold": 3, "size_px": None}
    assert {name: asked[name] for name in expected} == expected
