"""`realtime-fer train expllm`: what the command line hands to the training."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from realtime_fer.commands.train.command import train
from realtime_fer.training.expllm.recipe import PUBLISHED, ExpLlmRecipe

NEEDED = "expllm --model m --data t.txt"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands for the modules that need torch; holds what was called with."""
    seen: dict[str, Any] = {}

    def train_it(**settings: Any) -> Path:
        seen.update(settings)
        settings["progress"]("step 1")
        return Path("o/trained")

    run, start = (ModuleType(f"realtime_fer.training.expllm.{name}") for name in ("run", "start"))
    run.train_expllm = train_it  # type: ignore[attr-defined]
    start.Start = lambda folder, dinov2=None: SimpleNamespace(folder=folder, dinov2=dinov2)  # type: ignore[attr-defined]
    for module in (run, start):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return seen


def test_by_default_it_is_the_published_recipe(asked: dict[str, Any]) -> None:
    result = CliRunner().invoke(train, NEEDED.split())
    assert result.exit_code == 0, result.output
    assert asked["recipe"] == PUBLISHED
    assert (asked["start"].folder, asked["start"].dinov2, asked["data"]) == (Path("m"), None, Path("t.txt"))
    assert (asked["out"], asked["root"], asked["merge_out"]) == (Path("runs/expllm"), None, None)
    assert (asked["device"], asked["resume"], asked["stop_after"], asked["threads"]) == ("auto", False, None, None)
    assert "step 1" in result.output
    assert "--merge-out" in result.output


def test_every_option_reaches_the_training(asked: dict[str, Any]) -> None:
    options = (
        "--vicuna v --dinov2 d.pth --root r --merge-out w --out o --epochs 2 --batch 6 --micro-batch 3 "
        "--peak-learning-rate 0.1 "
        "--questions random --warm-up-ratio 0.4 --weight-decay 0.5 --clip-norm 2 --rank 7 --alpha 8 --dropout 0.6 "
        "--no-augmentation --max-tokens 9 --precision float32 --no-gradient-checkpointing --save-every 11 --seed 12 --limit 13 "
        "--workers 14 --device cpu --threads 15 --stop-after 16 --resume"
    )
    result = CliRunner().invoke(train, ["expllm", "--data", "t.txt", *options.split()])
    assert result.exit_code == 0, result.output
    assert asked["recipe"] == ExpLlmRecipe(
        epochs=2,
        batch=6,
        micro_batch=3,
        peak_learning_rate=0.1,
        questions="random",
        warm_up_ratio=0.4,
        weight_decay=0.5,
        clip_norm=2.0,
        rank=7,
        alpha=8.0,
        dropout=0.6,
        augmentation=False,
        max_tokens=9,
        precision="float32",
        gradient_checkpointing=False,
        save_every=11,
        seed=12,
        limit=13,
    )
    assert (asked["start"].folder, asked["start"].dinov2) == (Path("v"), Path("d.pth"))
    assert (asked["root"], asked["merge_out"], asked["out"]) == (Path("r"), Path("w"), Path("o"))
    assert (asked["workers"], asked["device"], asked["threads"]) == (14, "cpu", 15)
    assert (asked["stop_after"], asked["resume"]) == (16, True)


@pytest.mark.parametrize("start", ["", "--vicuna v", "--dinov2 d", "--model m --vicuna v", "--model m --vicuna v --dinov2 d"])
def test_one_beginning_is_needed(asked: dict[str, Any], start: str) -> None:
    result = CliRunner().invoke(train, ["expllm", "--data", "t.txt", *start.split()])
    assert result.exit_code == 2
    assert "expected --model alone, or --vicuna and --dinov2 together" in result.output
    assert not asked
