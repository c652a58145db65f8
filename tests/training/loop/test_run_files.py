from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import DatasetError  # noqa: E402
from realtime_fer.training.loop.run_files import (  # noqa: E402
    Panel,
    draw_panels,
    load_checkpoint,
    require_no_run,
    save_checkpoint,
    write_history,
    write_table,
)

pytestmark = pytest.mark.torch

HISTORY = [{"epoch": 1.0, "loss": 2.0, "war": 0.5}, {"epoch": 2.0, "loss": 1.0, "war": math.nan}]


def test_a_checkpoint_comes_back_and_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    for epoch in (1, 2):
        save_checkpoint(path, {"recipe": {"sources": ("a", "b")}, "epoch": epoch, "weights": torch.arange(3)})
    saved = load_checkpoint(path)
    assert (saved["recipe"], saved["epoch"]) == ({"sources": ("a", "b")}, 2)
    assert torch.equal(saved["weights"], torch.arange(3))
    assert [file.name for file in tmp_path.iterdir()] == ["last.pt"]


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    save_checkpoint(path, {"recipe": {}, "epoch": 1})
    with pytest.raises(Exception, match="pickle"):
        save_checkpoint(path, {"recipe": {}, "epoch": 2, "function": lambda: None})
    assert load_checkpoint(path)["epoch"] == 1


def test_what_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"absent\.pt: expected the checkpoint of an earlier run, found none"):
        load_checkpoint(tmp_path / "absent.pt")
    (tmp_path / "text.pt").write_text("no checkpoint")
    with pytest.raises(DatasetError, match=r"text\.pt: .* cannot load"):
        load_checkpoint(tmp_path / "text.pt")
    for other in (7, {"weights": 1}):
        torch.save(other, tmp_path / "other.pt")
        with pytest.raises(DatasetError, match=r"other\.pt: .* another torch file"):
            load_checkpoint(tmp_path / "other.pt")


def test_a_new_run_wants_a_folder_without_one(tmp_path: Path) -> None:
    require_no_run(tmp_path / "absent")
    require_no_run(tmp_path)
    (tmp_path / "last.pt").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"found last\.pt; --resume it, or name another --out"):
        require_no_run(tmp_path)


def test_the_history_as_a_table(tmp_path: Path) -> None:
    write_table(tmp_path / "h.csv", [{"epoch": 1.0, "loss": 0.1}, {"epoch": 2.0, "loss": 0.05}])
    assert (tmp_path / "h.csv").read_text().split() == ["epoch,loss", "1.0,0.1", "2.0,0.05"]
    write_table(tmp_path / "h.csv", [])
    assert not (tmp_path / "h.csv").read_text().strip()
    assert [file.name for file in tmp_path.iterdir()] == ["h.csv"]


def test_the_history_is_json(tmp_path: Path) -> None:
    write_history(tmp_path / "history.json", HISTORY[:1])
    assert json.loads((tmp_path / "history.json").read_text()) == HISTORY[:1]
    assert [file.name for file in tmp_path.iterdir()] == ["history.json"]


def test_panels_stand_side_by_side(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    panels = [Panel("Loss", "cross-entropy", {"loss": "training"}), Panel("Accuracy", "share", {"loss": "a", "war": "b"})]
    for count in (1, 2):
        draw_panels(HISTORY, panels[:count], tmp_path / f"{count}.png")
    sizes = [cv2.imread(str(tmp_path / f"{count}.png")).shape[:2] for count in (1, 2)]  # type: ignore[union-attr]
    assert sizes[1][0] == sizes[0][0]
    assert abs(sizes[1][1] - 2 * sizes[0][1]) <= 2


def test_without_matplotlib_there_are_no_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    draw_panels(HISTORY, [Panel("Loss", "", {"loss": ""})], tmp_path / "curves.png")
    assert not list(tmp_path.iterdir())


def test_the_first_epoch_can_be_seen(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    draw_panels([{"epoch": 1.0, "loss": 2.0}], [Panel("Loss", "nats", {"loss": "training"})], tmp_path / "curves.png")
    picture = np.asarray(cv2.imread(str(tmp_path / "curves.png")), np.int64)
    coloured = picture.max(axis=2) - picture.min(axis=2) > 50
    assert 20 < coloured.sum() < 500
