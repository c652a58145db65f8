"""`realtime-fer train chain-of-affect`: what the command line hands to the training."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from realtime_fer.commands.train.command import train
from realtime_fer.training.chain_of_affect.recipe import PUBLISHED, ChainRecipe

NEEDED = "chain-of-affect --model m --data t.json --images i --images j"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands for the module that needs torch; holds what it was called with."""
    seen: dict[str, Any] = {}

    def train_it(**settings: Any) -> Path:
        seen.update(settings)
        settings["progress"]("step 1")
        return Path("o/lora")

    module = ModuleType("realtime_fer.training.chain_of_affect.run")
    module.train_chain_of_affect = train_it  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return seen


def test_by_default_it_is_the_published_recipe(asked: dict[str, Any]) -> None:
    result = CliRunner().invoke(train, NEEDED.split())
    assert result.exit_code == 0, result.output
    assert asked["recipe"] == PUBLISHED
    assert (asked["model"], asked["data"], asked["images"]) == (Path("m"), Path("t.json"), (Path("i"), Path("j")))
    assert asked["out"] == Path("runs/chain-of-affect")
    assert (asked["device"], asked["resume"], asked["stop_after"], asked["threads"]) == ("auto", False, None, None)
    assert "step 1" in result.output
    assert "evaluate chain-of-affect --model m --adapter o/lora" in result.output


def test_every_option_reaches_the_training(asked: dict[str, Any]) -> None:
    options = (
        "--out o --epochs 2 --batch 6 --micro-batch 3 --peak-learning-rate 0.1 --vision-learning-rate 0.2 "
        "--projector-learning-rate 0.3 --warm-up-ratio 0.4 --weight-decay 0.5 --clip-norm 0.7 --rank 7 --alpha 8 --dropout 0.6 "
        "--num-crops 9 --precision float32 --no-gradient-checkpointing --save-every 11 --seed 12 --limit 13 --workers 14 "
        "--device cpu --threads 15 --stop-after 16 --resume"
    )
    result = CliRunner().invoke(train, [*NEEDED.split(), *options.split()])
    assert result.exit_code == 0, result.output
    assert asked["recipe"] == ChainRecipe(
        epochs=2,
        batch=6,
        micro_batch=3,
        peak_learning_rate=0.1,
        vision_learning_rate=0.2,
        projector_learning_rate=0.3,
        warm_up_ratio=0.4,
        weight_decay=0.5,
        clip_norm=0.7,
        rank=7,
        alpha=8,
        dropout=0.6,
        num_crops=9,
        precision="float32",
        gradient_checkpointing=False,
        save_every=11,
        seed=12,
        limit=13,
    )
    assert (asked["out"], asked["workers"], asked["device"], asked["threads"]) == (Path("o"), 14, "cpu", 15)
    assert (asked["stop_after"], asked["resume"]) == (16, True)


@pytest.mark.parametrize(
    ("option", "value"), [("--epochs", "0"), ("--precision", "int4"), ("--dropout", "1"), ("--device", "tpu")]
)
def test_options_out_of_range_are_named(asked: dict[str, Any], option: str, value: str) -> None:
    result = CliRunner().invoke(train, [*NEEDED.split(), option, value])
    assert result.exit_code == 2
    assert option in result.output
    assert not asked


@pytest.mark.parametrize("option", ["--model", "--data", "--images"])
def test_what_is_needed_is_asked_for(asked: dict[str, Any], option: str) -> None:
    words = NEEDED.replace(" --images j", "").split()
    at = words.index(option)
    result = CliRunner().invoke(train, words[:at] + words[at + 2 :])
    assert result.exit_code == 2
    assert f"Missing option '{option}'" in result.output
