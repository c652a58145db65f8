from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realtime_fer.evaluation.detection import speed as detection_speed
from realtime_fer.evaluation.detection.speed import WARM_UP_RUNS, detector_milliseconds
from realtime_fer.inference.session import open_session
from tests.detection.yolo_graphs import save_brightness_head


def test_models_run_in_turn_at_every_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, tuple[int, ...]]] = []

    class Listening:
        def __init__(self, path: Path, *, intra_op_threads: int) -> None:
            self._session, self._name = open_session(path, intra_op_threads=intra_op_threads), path.stem

        def get_inputs(self) -> object:
            return self._session.get_inputs()

        def run(self, outputs: None, feed: dict[str, np.ndarray]) -> object:
            asked.append((self._name, feed["images"].shape[2:]))
            return self._session.run(outputs, feed)

    monkeypatch.setattr(detection_speed, "open_session", Listening)
    models = {name: save_brightness_head(tmp_path / f"{name}.onnx") for name in ("one", "two")}
    medians = detector_milliseconds(models, sizes_hw=((32, 64), (96, 32)), runs=3)
    assert list(medians) == [(32, 64), (96, 32)]
    assert all(list(taken) == ["one", "two"] and min(taken.values()) > 0 for taken in medians.values())
    rounds = WARM_UP_RUNS + 3
    assert asked == [("one", (32, 64)), ("two", (32, 64))] * rounds + [("one", (96, 32)), ("two", (96, 32))] * rounds
