"""`realtime-fer evaluate --protocol detection-ap`, and `--failures` of both protocols."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from realtime_fer.commands.evaluate.command import evaluate
from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError
from tests.evaluation.detector_folders import MIDDLE, save_detector, save_pictures
from tests.tiny_onnx import save_linear_classifier
from tests.zoo.test_manifest import EXPRESSION


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return save_pictures(tmp_path / "val", {"a_1": (255, MIDDLE), "a_2": (40, MIDDLE), "b_1": (200, "")})


def run(model: Path, data: Path, *options: str) -> Result:
    arguments = [str(model), "--data", str(data), "--protocol", "detection-ap", *options]
    return CliRunner().invoke(evaluate, arguments, standalone_mode=False)


def test_pictures_are_judged_at_their_own_size_unless_told_otherwise(tmp_path: Path, data: Path) -> None:
    model = save_detector(tmp_path / "tiny")
    own = json.loads(run(model, data, "--json").output.splitlines()[-1])
    fixed = json.loads(run(model, data, "--json", "--long-side", "96").output.splitlines()[-1])
    assert (own["long_side_px"], fixed["long_side_px"]) == (None, 96)
    assert own["n"] == fixed["n"] == 3
    assert own["recall"] == 0.5
    assert own["false_per_negative"] == own["negatives_with_face"] == 1.0


def test_the_text_names_the_size(tmp_path: Path, data: Path) -> None:
    model = save_detector(tmp_path / "tiny")
    assert "each picture at its own size" in run(model, data).output
    output = run(model, data, "--long-side", "320").output
    assert "long side 320 px" in output
    assert "80-160 px   0.500  of 2" in output


def test_failures_of_a_detector(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "failures"
    result = run(save_detector(tmp_path / "tiny"), data, "--failures", str(out), "--json")
    assert f"wrote {out / 'misses.png'}" in result.output
    assert sorted(path.name for path in out.iterdir()) == ["false-faces.png", "misses.png"]
    assert all(cv2.imread(str(path)) is not None for path in out.iterdir())
    # Programs read the last line.
    assert json.loads(result.output.splitlines()[-1])["n"] == 3


def save_classifier(folder: Path) -> Path:
    folder.mkdir()
    save_linear_classifier(folder / "m.onnx", size_px=48)
    content = (folder / "m.onnx").read_bytes()
    labels = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"]
    manifest = {**EXPRESSION, "labels": labels, "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_failures_of_a_classifier(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    votes = np.zeros((16, 10), np.uint8)
    votes[np.arange(16), np.arange(16) % 8] = 9
    np.savez(tmp_path / "faces.npz", images=rng.integers(0, 256, (16, 48, 48), dtype=np.uint8), votes=votes)
    out = tmp_path / "failures"
    arguments = [str(save_classifier(tmp_path / "m")), "--data", str(tmp_path / "faces.npz"), "--json"]
    result = CliRunner().invoke(
        evaluate, [*arguments, "--protocol", "ferplus-majority", "--failures", str(out)], standalone_mode=False
    )
    assert cv2.imread(str(out / "wrong-answers.png")) is not None
    assert json.loads(result.output.splitlines()[-1])["n"] == 16


def test_a_protocol_of_another_task_is_refused(tmp_path: Path, data: Path) -> None:
    result = run(save_classifier(tmp_path / "m"), data)
    assert isinstance(result.exception, ModelShapeError)
    assert "needs a face detector" in str(result.exception)
    arguments = [str(save_detector(tmp_path / "tiny")), "--data", str(data), "--protocol", "ferplus-majority"]
    result = CliRunner().invoke(evaluate, [*arguments, "--failures", str(tmp_path / "no")], standalone_mode=False)
    assert isinstance(result.exception, ModelShapeError)
    assert not (tmp_path / "no").exists()


def test_the_int8_file_is_evaluated_when_asked_for(tmp_path: Path, data: Path) -> None:
    model = save_detector(tmp_path / "tiny")
    assert " fp32, " in run(model, data).output
    assert isinstance(run(model, data, "--precision", "int8").exception, ModelNotFoundError)
    # Which file is opened shows when it is no network.
    broken = b"no network"
    (model / "eight.onnx").write_bytes(broken)
    manifest = json.loads((model / "manifest.json").read_text())
    eight = {"file": "eight.onnx", "sha256": hashlib.sha256(broken).hexdigest(), "size_bytes": 10, "calibrated_on": "nothing"}
    (model / "manifest.json").write_text(json.dumps({**manifest, "int8": eight}))
    error = run(model, data, "--precision", "int8").exception
    assert isinstance(error, ModelCorruptError)
    assert "eight.onnx" in str(error)
    assert " fp32, " in run(model, data, "--precision", "fp32").output
