"""What the command line hands to the export code; the export itself is tested beside it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from realtime_fer.commands.export.command import export
from realtime_fer.commands.export.options import COMPARED_PICTURES
from realtime_fer.errors import DatasetError
from realtime_fer.zoo.shelf import ShelvedModel


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands for the export module, which needs torch; holds what it was called with."""
    seen: dict[str, Any] = {}
    module = ModuleType("realtime_fer.training.detection.export_face_lite")

    def export_face_lite(checkpoint: Path, out: Path, **settings: Any) -> Path:
        seen.update(settings, checkpoint=checkpoint, out=out)
        return out / "face-lite.onnx"

    module.export_face_lite = export_face_lite  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return seen


def test_face_lite_options_reach_the_export(asked: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "00 a folder").mkdir()
    for number in range(COMPARED_PICTURES + 3):
        (tmp_path / f"{number:02d}.png").touch()
    command = ["face-lite", "--weights", "w.pt", "--out", "o", "--confidence", "0.45", "--pictures", str(tmp_path)]
    result = CliRunner().invoke(export, command)
    assert result.exit_code == 0, result.output
    assert (asked["checkpoint"], asked["out"], asked["confidence_threshold"]) == (Path("w.pt"), Path("o"), 0.45)
    assert [path.name for path in asked["pictures"]] == [f"{number:02d}.png" for number in range(COMPARED_PICTURES)]
    assert "wrote o/face-lite.onnx" in result.output


def test_detector_options_reach_the_export(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    module = ModuleType("realtime_fer.training.detection.export_yolov8n")

    def export_detector(weights: Path, out: Path, **settings: Any) -> Path:
        seen.update(settings, weights=weights)
        return out / "yolov8n-face.onnx"

    module.export_detector = export_detector  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    command = ["detector", "--weights", "last.pt", "--out", "o", "--confidence", "0.55", "--long-side", "416"]
    assert "wrote o/yolov8n-face.onnx" in CliRunner().invoke(export, command).output
    assert (seen["weights"], seen["confidence_threshold"], seen["long_side_px"]) == (Path("last.pt"), 0.55, 416)


def test_int8_takes_a_model_and_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[tuple[str, Path]] = []
    module = ModuleType("realtime_fer.training.exporting.int8")

    def export_int8(model: ShelvedModel, data: Path) -> Path:
        seen.append((model.manifest.name, data))
        return tmp_path / "x-int8.onnx"

    module.export_int8 = export_int8  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    result = CliRunner().invoke(export, ["int8", "face-lite", "--data", "pictures"])
    assert f"wrote {tmp_path / 'x-int8.onnx'}" in result.output
    assert seen == [("face-lite", Path("pictures"))]


@pytest.mark.parametrize("folder", ["absent", "."])
def test_pictures_to_compare_must_be_there(asked: dict[str, Any], tmp_path: Path, folder: str) -> None:
    result = CliRunner().invoke(export, ["face-lite", "--weights", "w.pt", "--pictures", str(tmp_path / folder)])
    assert isinstance(result.exception, DatasetError)
    assert "expected a folder of pictures to compare outputs on, found none" in str(result.exception)
    assert not asked


def test_face_lite_needs_weights(asked: dict[str, Any]) -> None:
    result = CliRunner().invoke(export, ["face-lite"])
    assert result.exit_code == 2
    assert "--weights" in result.output
    assert not asked


def test_margin_and_help_for_rare_classes_reach_the_export(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    module = ModuleType("realtime_fer.training.emotion_gcn_ferplus.export")

    def export_expression(checkpoint: Path, out: Path, **settings: Any) -> Path:
        seen.append(settings)
        return out / "emotion-gcn-ferplus.onnx"

    module.export_expression = export_expression  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    command = ["emotion-gcn-ferplus", "--weights", "last.pt", "--out", "o"]
    assert "wrote o/emotion-gcn-ferplus.onnx" in CliRunner().invoke(export, command).output
    CliRunner().invoke(export, [*command, "--margin", "-0.1", "--prior-strength", "0.3", "--version", "2.0"])
    assert seen == [
        {"version": "1.0", "margin": 0.0, "prior_strength": 0.0},
        {"version": "2.0", "margin": -0.1, "prior_strength": 0.3},
    ]
    assert CliRunner().invoke(export, [*command, "--prior-strength", "2"]).exit_code == 2
