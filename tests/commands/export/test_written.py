from __future__ import annotations

from pathlib import Path

from realtime_fer.commands.export.written import written
from tests.zoo.test_manifest import DETECTOR, EXPRESSION, write


def test_what_no_weight_file_says_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, EXPRESSION) / "m.onnx"
    assert written(path) == f"wrote {path}: neutral, happiness; faces of 48 px; trained on: nothing"
    write(tmp_path, DETECTOR)
    assert written(path) == f"wrote {path}"
