from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("matplotlib", reason="needs the train extra")

from realtime_fer.errors import DatasetError
from realtime_fer.training.detection.yolov8n_curves import draw_detector_curves

HEAD = "epoch, time, train/box_loss, train/cls_loss, train/dfl_loss\n"


def test_the_losses_are_drawn(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text(HEAD + "1,9.5,1.4,0.9,1.3\n2,19.1,1.2,0.7,1.2\n")
    draw_detector_curves(tmp_path / "results.csv", tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_table_of_something_else_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"results\.csv: expected the table"):
        draw_detector_curves(tmp_path / "results.csv", tmp_path / "curves.png")
    (tmp_path / "results.csv").write_text("epoch,loss\n1,2\n")
    with pytest.raises(DatasetError, match="train/box_loss"):
        draw_detector_curves(tmp_path / "results.csv", tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()
