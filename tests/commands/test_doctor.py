from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from realtime_fer.commands import doctor as room
from realtime_fer.commands.doctor import doctor, examine


def test_a_sound_installation_has_no_problem() -> None:
    findings = examine()
    assert [finding for finding in findings if finding.level == "problem"] == []
    text = " ".join(finding.what for finding in findings)
    assert "CPUExecutionProvider" in text
    assert "yolov8n-face" in text
    assert "AGPL-3.0" in text


def test_what_is_missing_comes_with_the_command_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version

    def version(package: str) -> str:
        if package in ("msgpack", "msgpack-headless", "ultralytics"):
            raise importlib.metadata.PackageNotFoundError(package)
        return real(package)

    monkeypatch.setattr(importlib.metadata, "version", version)
    result = CliRunner().invoke(doctor, [], standalone_mode=False)
    assert result.return_value == 1
    assert "missing: msgpack" in result.output
    assert 'pip install "realtime-fer[cpu]"' in result.output
    assert 'pip install "realtime-fer[yolo]"' in result.output


def test_the_extras_are_those_of_the_package() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11")
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extra, packages in room.EXTRA_PACKAGES.items():
        wanted = {re.split("[^A-Za-z0-9-]", need)[0] for need in project["optional-dependencies"][extra]}
        assert set(packages) == wanted, extra


def test_both_runtimes_at_once_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_version", lambda _package: "1.0")
    assert any("overwrite each other" in finding.what and finding.level == "problem" for finding in examine())


def test_changed_weights_are_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    shelf = tmp_path_factory.mktemp("shelf")
    (shelf / "broken").mkdir()
    (shelf / "broken" / "manifest.json").write_text("{")
    monkeypatch.setenv("REALTIME_FER_MODELS", str(shelf))
    assert any(finding.area == "models" and finding.level == "problem" for finding in examine())


def test_large_checkpoints_are_counted_and_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "expllm"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"12345")
    manifest = {"name": "expllm", "version": "1", "file": "model.safetensors", "sha256": "0" * 64, "size_bytes": 5}
    manifest |= {"licence": "none", "licence_note": "", "description": "", "trained_on": "", "task": "checkpoint"}
    manifest |= {"system": "expllm", "needs": [], "made_from": [], "files": []}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setenv("REALTIME_FER_MODELS", str(tmp_path))
    (found,) = [finding for finding in examine() if finding.what.startswith("expllm 1")]
    assert (found.level, found.what) == ("ok", "expllm 1 (none): all files there, sums not compared")
    (folder / "model.safetensors").write_bytes(b"1234")
    assert any("expected 5 bytes, found 4" in finding.what for finding in examine())


def test_cameras_and_display_are_notes_not_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime_fer.sources.camera_list.list_cameras", list)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    levels = {finding.area: finding.level for finding in examine()}
    assert levels["display"] == "note"
    assert levels["cameras"] in ("note", "ok")


def test_json() -> None:
    result = CliRunner().invoke(doctor, ["--json"], standalone_mode=False)
    assert {finding["area"] for finding in json.loads(result.output)} >= {
        "system",
        "packages",
        "runtime",
        "models",
        "cameras",
        "display",
    }
