from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import DatasetError  # noqa: E402
from realtime_fer.training.chain_of_affect.recipe import PUBLISHED, ChainRecipe  # noqa: E402
from realtime_fer.training.loop.run_files import save_checkpoint  # noqa: E402
from realtime_fer.training.vlm.run_folder import begin, leave, taken_up  # noqa: E402

pytestmark = pytest.mark.torch

RECIPE = ChainRecipe(epochs=3, precision="float32")
ROWS = [{"step": float(n), "epoch": n / 2, "loss": 2.0 / n, "rate": 1.0, "gradient_norm": 0.5, "seconds": 1.0} for n in (1, 2)]


def contents(**changes: Any) -> dict[str, Any]:
    values = {"recipe": asdict(RECIPE), "step": 2, "history": ROWS, "adapter": {"a": torch.ones(2)}, "optimizer": {}}
    return {**values, "records": "r", "base": "b", **changes}


def again(out: Path, records: str = "r", base: str = "b") -> tuple[ChainRecipe, dict[str, Any]]:
    return taken_up(out, ChainRecipe, frozenset(("adapter",)), records=records, base=base)


def test_a_run_is_left_and_taken_up(tmp_path: Path) -> None:
    begin(tmp_path / "run", RECIPE)
    assert json.loads((tmp_path / "run" / "recipe.json").read_text()) == asdict(RECIPE)
    leave(tmp_path / "run", contents())
    recipe, saved = again(tmp_path / "run")
    assert recipe == RECIPE
    assert (saved["step"], saved["history"]) == (2, ROWS)
    assert json.loads((tmp_path / "run" / "history.json").read_text()) == ROWS
    with (tmp_path / "run" / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{key: float(value) for key, value in row.items()} for row in rows] == ROWS
    assert (tmp_path / "run" / "curves.png").stat().st_size > 1000


def test_a_run_is_not_written_over(tmp_path: Path) -> None:
    leave(tmp_path, contents())
    with pytest.raises(DatasetError, match=r"found last\.pt; --resume it, or name another --out"):
        begin(tmp_path, PUBLISHED)
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="file: expected a folder to write to, found none"):
        begin(tmp_path / "file", PUBLISHED)


@pytest.mark.parametrize(
    ("records", "base", "message"), [("x", "b", r"other --data \(r, now x\)"), ("r", "x", "other --model")]
)
def test_data_and_model_must_be_what_they_were(tmp_path: Path, records: str, base: str, message: str) -> None:
    leave(tmp_path, contents())
    with pytest.raises(DatasetError, match=message):
        again(tmp_path, records, base)


@pytest.mark.parametrize("change", [{"recipe": {"epochs": 3, "composites": 4}}, {"average": {}}], ids=["recipe", "contents"])
def test_the_checkpoint_of_another_training(tmp_path: Path, change: dict[str, Any]) -> None:
    save_checkpoint(tmp_path / "last.pt", contents(**change))
    with pytest.raises(DatasetError, match="expected the checkpoint of this training, found one of another"):
        again(tmp_path)


def test_nothing_to_take_up(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="found none; train it first"):
        again(tmp_path)
