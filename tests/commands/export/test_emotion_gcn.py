"""What the command line hands to the export; the export itself is tested beside it."""

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
    """Stands for the export module, which needs torch; holds what it was called with."""
    monkeypatch.chdir(tmp_path)
    seen: dict[str, Any] = {}
    module = ModuleType("realtime_fer.training.emotion_gcn.export")

    def export_emotion_gcn(weights: Path, out: Path, **settings: Any) -> Path:
        seen.update(settings, weights=weights, out=out)
        out.mkdir(parents=True)
        return write(out, EXPRESSION) / "m.onnx"

    module.export_emotion_gcn = export_emotion_gcn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return seen


def test_options_reach_the_export(asked: dict[str, Any]) -> None:
    command = ["emotion-gcn", "--weights", "w.pth", "--backbone", "densenet121", "--task", "multi", "--embeddings", "e.npy"]
    command += ["--dataset", "affwild2", "--size", "112", "--margin", "0.1", "--out", "o", "--licence", "MIT"]
    result = CliRunner().invoke(export, command)
    assert result.exit_code == 0, result.output
    assert "wrote o/m.onnx: neutral, happiness; faces of 48 px" in result.output
    assert asked == {
        "weights": Path("w.pth"),
        "out": Path("o"),
        "backbone": "densenet121",
        "task": "multi",
        "embeddings": Path("e.npy"),
        "dataset": "affwild2",
        "size_px": 112,
        "margin": 0.1,
        "version": "1.0",
        "licence": "MIT",
    }


def test_only_the_weights_must_be_given(asked: dict[str, Any]) -> None:
    assert CliRunner().invoke(export, ["emotion-gcn", "--weights", "w.pth"]).exit_code == 0
    assert [asked[name] for name in ("backbone", "task", "embeddings", "dataset", "size_px")] == [
        None,
        None,
        None,
        None,
        None,
    ]
    result = CliRunner().invoke(export, ["emotion-gcn"])
    assert result.exit_code == 2
    assert "--weights" in result.output
