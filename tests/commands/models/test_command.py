from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from realtime_fer.commands.models.command import models
from realtime_fer.errors import ModelNotFoundError
from tests.zoo.test_manifest import EXPRESSION, write


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(models, list(arguments), standalone_mode=False)


def test_list_says_the_licence_first_of_all() -> None:
    output = invoke("list").output
    assert "yolov8n-face" in output
    assert "AGPL-3.0" in output
    assert "emotion-gcn-ferplus" in output
    assert "Apache-2.0" in output


def test_list_for_programs() -> None:
    rows = [json.loads(line) for line in invoke("list", "--json").output.splitlines()]
    assert {row["name"]: row["licence"] for row in rows}["yolov8n-face"] == "AGPL-3.0"


def test_show_prints_manifest_and_card() -> None:
    output = invoke("show", "emotion-gcn-ferplus").output
    assert '"temperature"' in output
    assert "# " in output


def test_show_of_an_unknown_model_names_the_known() -> None:
    result = invoke("show", "nobody")
    assert isinstance(result.exception, ModelNotFoundError)
    assert "yolov8n-face" in str(result.exception)


def test_verify_whole_and_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke("verify")
    assert result.return_value == 0
    assert "yolov8n-face: whole" in result.output
    (tmp_path / "m").mkdir()
    write(tmp_path / "m", {**EXPRESSION, "name": "m"})
    (tmp_path / "m" / "m.onnx").write_bytes(b"abc")
    monkeypatch.setenv("REALTIME_FER_MODELS", str(tmp_path))
    result = invoke("verify", "m")
    assert result.return_value == 1
    assert "expected sha256" in result.output


def test_a_broken_manifest_hides_no_other_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text("{")
    monkeypatch.setenv("REALTIME_FER_MODELS", str(tmp_path))
    for arguments in (("list",), ("list", "--json"), ("verify",)):
        result = invoke(*arguments)
        assert result.return_value == 1
        assert "yolov8n-face" in result.output
        (line,) = result.stderr.splitlines()
        assert line.startswith("broken: ")
        assert "not JSON" in line
    result = invoke("verify", "broken", "yolov8n-face", "yolov8n-face")
    assert result.return_value == 1
    assert result.stderr.count("broken: ") == result.stdout.count("yolov8n-face: whole") == 1
    result = invoke("show", "nobody")
    assert isinstance(result.exception, ModelNotFoundError)
