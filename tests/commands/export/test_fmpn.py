"""What the command line hands to the export of FMPN."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from realtime_fer.commands.export.command import export
from tests.zoo.test_manifest import EXPRESSION, write


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Stands for the export, which needs torch; holds what it was called with."""
    monkeypatch.chdir(tmp_path)
    seen: dict[str, Any] = {}

    def export_fmpn(weights: Path, out: Path, **settings: Any) -> Path:
        seen.update(settings, weights=weights, out=out)
        out.mkdir(parents=True)
        return write(out, EXPRESSION) / "fmpn.onnx"

    module = ModuleType("realtime_fer.training.fmpn.export")
    module.export_fmpn = export_fmpn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return seen


def test_only_weights_are_needed(asked: dict[str, Any]) -> None:
    result = CliRunner().invoke(export, ["fmpn", "--weights", "w"])
    assert result.exit_code == 0, result.output
    assert "wrote models/fmpn/fmpn.onnx" in result.output
    expected = {
        "epoch": None,
        "size_px": None,
        "labels": None,
        "with_mask": True,
        "half": False,
        "margin": None,
        "version": "1.0",
    }
    assert asked == {"weights": Path("w"), "out": Path("models/fmpn"), **expected}
    assert CliRunner().invoke(export, ["fmpn"]).exit_code == 2


def test_options_reach_the_export(asked: dict[str, Any]) -> None:
    command = "fmpn --weights w --out o --epoch 200 --size 99 --labels anger,fear --no-mask --half --margin 0.1 --version 2"
    result = CliRunner().invoke(export, [*command.split(), "--licence", "MIT", "--trained-on", "CK+ fold 0"])
    assert result.exit_code == 0, result.output
    assert (asked["out"], asked["epoch"], asked["size_px"], asked["labels"]) == (Path("o"), "200", 99, ["anger", "fear"])
    assert (asked["with_mask"], asked["half"], asked["margin"], asked["version"]) == (False, True, 0.1, "2")
    assert (asked["licence"], asked["trained_on"]) == ("MIT", "CK+ fold 0")
    assert asked["licence_note"] == "As stated at the export."
