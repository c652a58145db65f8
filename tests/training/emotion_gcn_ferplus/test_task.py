from __future__ import annotations

import math
from pathlib import Path

import pytest

pytest.importorskip("torch")

from realtime_fer.training.emotion_gcn_ferplus.task import draw_curves

pytestmark = pytest.mark.torch


def test_curves_of_the_first_epoch(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    row = {"epoch": 1.0, "loss": 2.0, "held_out_loss": 1.9, "held_out_war": 0.3, "held_out_uar": math.nan}
    draw_curves([row], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 1000
