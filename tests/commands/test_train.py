"""What the command line hands to the training code; the training itself is tested beside it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from realtime_fer.commands.train import train


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands for the training module, which needs torch; holds what it was called with."""
    seen: dict[str, Any] = {}
    module = ModuleType("realtime_fer.training.face_lite")

    def train_face_lite(**settings: Any) -> Path:
        seen.update(settings)
        settings["progress"]("epoch 1")
        return Path("there/last.pt")

    module.train_face_lite = train_face_lite  # type: ignore[attr-defined]
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


def test_face_lite_needs_data(asked: dict[str, Any]) -> None:
    result = CliRunner().invoke(train, ["face-lite"])
    assert result.exit_code == 2
    assert "--data" in result.output
    assert not asked
