"""The command on a small film, with a detector and a classifier that say what they are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from realtime_fer.commands.keyframes import keyframes
from realtime_fer.expression.classifier import BatchEstimate
from realtime_fer.expression.face_crop import FaceCrop
from realtime_fer.expression.smoothing import ProbabilitySmoother
from realtime_fer.pipeline import assemble
from realtime_fer.pipeline.fast_path import FastPath
from realtime_fer.types import FaceDetection
from tests.fakes import FakeClassifier, FakeDetector, FakeTracker, box

FRAMES = 40
SIZE = (160, 120)


class Smiling(FakeClassifier):
    """Neutral on the first half of the film, happy on the second."""

    crop_size_px = 48

    def classify(self, crops: Sequence[FaceCrop]) -> BatchEstimate:
        self.batches.append(list(crops))
        sure = np.full((len(crops), len(self.labels)), 0.01, np.float32)
        sure[:, int(len(self.batches) > FRAMES // 2)] = 0.93
        return BatchEstimate(sure)


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four seconds of stripes, which are as sharp as a face."""
    path = tmp_path / "film.avi"
    stripes = (np.indices((SIZE[1], SIZE[0])).sum(axis=0) // 4 % 2 * 90 + 80).astype(np.uint8)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, SIZE)
    for _ in range(FRAMES):
        writer.write(np.repeat(stripes[..., None], 3, axis=-1))
    writer.release()

    def build_fast_path(*_: object, **__: object) -> tuple[FastPath, tuple[()]]:
        detector = FakeDetector(lambda _: [FaceDetection(box(40, 20, 120, 100), 0.9)])
        return FastPath(detector, FakeTracker(), Smiling(), ProbabilitySmoother()), ()

    monkeypatch.setattr(assemble, "build_fast_path", build_fast_path)
    return path


def run(*arguments: object) -> Any:
    return CliRunner().invoke(keyframes, [str(argument) for argument in arguments])


def test_keyframes_are_listed_with_their_reasons(film: Path) -> None:
    result = run(film)
    assert result.exit_code == 0, result.output
    first, second = result.output.splitlines()
    assert first.split()[:5] == ["0.40", "s", "face", "1", "new_face"]
    assert "expression_changed" in second
    assert "moved 0." in second


def test_json_and_budget(film: Path) -> None:
    result = run(film, "--json", "--questions-per-s", "0.01", "--burst", "1")
    assert result.exit_code == 0, result.output
    (line,) = result.output.splitlines()
    values = json.loads(line)
    assert (values["keyframe_id"], values["track_id"], values["reason"]) == (0, 1, "new_face")
    assert sum(values["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert values["evidence"]["settled_s"] == pytest.approx(0.4)


def test_the_plot_is_written(film: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    result = run(film, "--plot", tmp_path / "out.png")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_no_film_is_refused(film: Path, tmp_path: Path) -> None:
    assert "expected a recording, found a live source" in run("0").output
    assert "expected a film, found pictures" in run(tmp_path).output or "no pictures" in run(tmp_path).output
    assert "folder" in str(run(film, "--plot", tmp_path / "nowhere" / "out.png").exception)
