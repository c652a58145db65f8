"""`realtime-fer train exp-blip`: what the command line hands to the training."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from realtime_fer.commands.train.command import train
from realtime_fer.training.exp_blip.recipe import PUBLISHED, ExpBlipRecipe

NEEDED = "exp-blip --model m.pth --opt p --data a.json --data b.json --images i --images j"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands for the modules that need torch; holds what was called with."""
    seen: dict[str, Any] = {}

    def train_it(**settings: Any) -> Path:
        seen.update(settings)
        settings["progress"]("step 1")
        return Path("o/exp_blip.pth")

    run, start = (ModuleType(f"realtime_fer.training.exp_blip.{name}") for name in ("run", "start"))
    run.train_exp_blip = train_it  # type: ignore[attr-defined]
    start.Start = lambda file, opt: SimpleNamespace(file=file, opt=opt)  # type: ignore[attr-defined]
    for module in (run, start):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return seen


def test_by_default_it_is_the_published_recipe(asked: dict[str, Any]) -> None:
    result = CliRunner().invoke(train, NEEDED.split())
    assert result.exit_code == 0, result.output
    assert asked["recipe"] == PUBLISHED
    assert (asked["start"].file, asked["start"].opt) == (Path("m.pth"), Path("p"))
    assert (asked["data"], asked["images"]) == ((Path("a.json"), Path("b.json")), (Path("i"), Path("j")))
    assert (asked["out"], asked["device"], asked["resume"], asked["stop_after"]) == (Path("runs/exp-blip"), "auto", False, None)
    assert "step 1" in result.output
    assert "exp_blip.convert o/exp_blip.pth FOLDER --opt p" in result.output


def test_every_option_reaches_the_training(asked: dict[str, Any]) -> None:
    options = (
        "--out o --epochs 2 --batch 6 --micro-batch 3 --peak-learning-rate 0.1 --weight-decay 0.5 --clip-norm 2 "
        "--warm-up-steps 4 "
        "--warm-up-learning-rate 0.01 --last-learning-rate 0.02 --no-augmentation --max-tokens 90 --max-words 80 "
        "--precision bfloat16 --no-gradient-checkpointing --save-every 11 --seed 12 --limit 13 --workers 14 --device cpu "
        "--threads 15 --stop-after 16 --resume"
    )
    result = CliRunner().invoke(train, [*NEEDED.split(), *options.split()])
    assert result.exit_code == 0, result.output
    assert asked["recipe"] == ExpBlipRecipe(
        epochs=2,
        batch=6,
        micro_batch=3,
        peak_learning_rate=0.1,
        weight_decay=0.5,
        clip_norm=2.0,
        warm_up_steps=4,
        warm_up_learning_rate=0.01,
        last_learning_rate=0.02,
        augmentation=False,
        max_tokens=90,
        max_words=80,
        precision="bfloat16",
        gradient_checkpointing=False,
        save_every=11,
        seed=12,
        limit=13,
    )
    assert (asked["out"], asked["workers"], asked["device"], asked["threads"]) == (Path("o"), 14, "cpu", 15)
    assert (asked["stop_after"], asked["resume"]) == (16, True)


@pytest.mark.parametrize(("option", "value"), [("--max-tokens", "1"), ("--precision", "int8"), ("--epochs", "0")])
def test_options_out_of_range_are_named(asked: dict[str, Any], option: str, value: str) -> None:
    result = CliRunner().invoke(train, [*NEEDED.split(), option, value])
    assert result.exit_code == 2
    assert option in result.output
    assert not asked
