"""`realtime-fer train chain-of-affect|expllm|exp-blip`: what the command line hands to the training."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from realtime_fer.commands.train.command import train
from realtime_fer.training.chain_of_affect.recipe import ChainRecipe
from realtime_fer.training.exp_blip.recipe import ExpBlipRecipe
from realtime_fer.training.expllm.recipe import ExpLlmRecipe
from realtime_fer.training.vlm.recipe import StepRecipe

CHAIN = "chain-of-affect --model m --data t.json --images i --images j"
EXPLLM = "expllm --model m --data t.txt"
EXP_BLIP = "exp-blip --model m.pth --opt p --data a.json --data b.json --images i --images j"

SHARED = (
    "--out o --epochs 2 --batch 6 --micro-batch 3 --peak-learning-rate 0.1 --weight-decay 0.5 --clip-norm 0.7 "
    "--no-gradient-checkpointing --save-every 11 --seed 12 --limit 13 --workers 14 --device cpu --threads 15 --stop-after 16 "
    "--resume"
)
SHARED_RECIPE: dict[str, Any] = {
    "epochs": 2,
    "batch": 6,
    "micro_batch": 3,
    "peak_learning_rate": 0.1,
    "weight_decay": 0.5,
    "clip_norm": 0.7,
    "gradient_checkpointing": False,
    "save_every": 11,
    "seed": 12,
    "limit": 13,
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands for the modules that need torch; holds what one was called with."""
    seen: dict[str, Any] = {}

    def train_it(**settings: Any) -> Path:
        seen.update(settings)
        settings["progress"]("step 1")
        return Path("o/result")

    for system in ("chain_of_affect", "expllm", "exp_blip"):
        run, start = (ModuleType(f"realtime_fer.training.{system}.{name}") for name in ("run", "start"))
        setattr(run, f"train_{system}", train_it)
        start.Start = lambda first, second=None: SimpleNamespace(first=first, second=second)  # type: ignore[attr-defined]
        for module in (run, start):
            monkeypatch.setitem(sys.modules, module.__name__, module)
    return seen


def given(line: str) -> str:
    result = CliRunner().invoke(train, line.split())
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    ("line", "recipe", "following"),
    [
        (CHAIN, ChainRecipe(), "evaluate chain-of-affect --model m --adapter o/result"),
        (EXPLLM, ExpLlmRecipe(), "next: the same command with --resume --merge-out"),
        (EXP_BLIP, ExpBlipRecipe(), "realtime-fer models convert exp-blip o/result FOLDER --opt p"),
    ],
)
def test_by_default_it_is_the_published_recipe(asked: dict[str, Any], line: str, recipe: StepRecipe, following: str) -> None:
    output = given(line)
    assert asked["recipe"] == recipe
    assert asked["out"] == Path("runs") / line.split(maxsplit=1)[0]
    assert (asked["device"], asked["resume"], asked["stop_after"], asked["threads"]) == ("auto", False, None, None)
    assert "step 1" in output
    assert following in output


@pytest.mark.parametrize(
    ("line", "recipe"),
    [
        (
            f"{CHAIN} --vision-learning-rate 0.2 --projector-learning-rate 0.3 --warm-up-ratio 0.4 --rank 7 --alpha 8 "
            "--dropout 0.6 --num-crops 9 --precision float32",
            ChainRecipe(
                **SHARED_RECIPE,
                vision_learning_rate=0.2,
                projector_learning_rate=0.3,
                warm_up_ratio=0.4,
                rank=7,
                alpha=8,
                dropout=0.6,
                num_crops=9,
                precision="float32",
            ),
        ),
        (
            f"{EXPLLM} --questions random --warm-up-ratio 0.4 --rank 7 --alpha 8.5 --dropout 0.6 --no-augmentation "
            "--max-tokens 9 --precision float32",
            ExpLlmRecipe(
                **SHARED_RECIPE,
                questions="random",
                warm_up_ratio=0.4,
                rank=7,
                alpha=8.5,
                dropout=0.6,
                augmentation=False,
                max_tokens=9,
                precision="float32",
            ),
        ),
        (
            f"{EXP_BLIP} --warm-up-steps 4 --warm-up-learning-rate 0.01 --last-learning-rate 0.02 --no-augmentation "
            "--max-tokens 90 --max-words 80 --precision bfloat16",
            ExpBlipRecipe(
                **SHARED_RECIPE,
                warm_up_steps=4,
                warm_up_learning_rate=0.01,
                last_learning_rate=0.02,
                augmentation=False,
                max_tokens=90,
                max_words=80,
                precision="bfloat16",
            ),
        ),
    ],
)
def test_every_option_reaches_the_training(asked: dict[str, Any], line: str, recipe: StepRecipe) -> None:
    given(f"{line} {SHARED}")
    assert asked["recipe"] == recipe
    assert (asked["out"], asked["workers"], asked["device"], asked["threads"]) == (Path("o"), 14, "cpu", 15)
    assert (asked["stop_after"], asked["resume"]) == (16, True)


def test_where_model_and_data_are_reaches_the_training(asked: dict[str, Any]) -> None:
    given(CHAIN)
    assert (asked["model"], asked["data"], asked["images"]) == (Path("m"), Path("t.json"), (Path("i"), Path("j")))
    given(EXP_BLIP)
    assert (asked["start"].first, asked["start"].second) == (Path("m.pth"), Path("p"))
    assert (asked["data"], asked["images"]) == ((Path("a.json"), Path("b.json")), (Path("i"), Path("j")))
    given(EXPLLM)
    assert (asked["start"].first, asked["start"].second) == (Path("m"), None)
    assert (asked["data"], asked["root"], asked["merge_out"]) == (Path("t.txt"), None, None)
    given("expllm --vicuna v --dinov2 d.pth --data t.txt --root r --merge-out w")
    assert (asked["start"].first, asked["start"].second) == (Path("v"), Path("d.pth"))
    assert (asked["root"], asked["merge_out"]) == (Path("r"), Path("w"))


@pytest.mark.parametrize(
    ("line", "option"),
    [
        (CHAIN, "--dropout 1"),
        (EXPLLM, "--max-tokens 0"),
        (EXP_BLIP, "--max-tokens 1"),
        *product(
            (CHAIN, EXPLLM, EXP_BLIP), ("--epochs 0", "--precision int4", "--device tpu", "--peak-learning-rate 0", "--seed -1")
        ),
    ],
)
def test_options_out_of_range_are_named(asked: dict[str, Any], line: str, option: str) -> None:
    result = CliRunner().invoke(train, [*line.split(), *option.split()])
    assert result.exit_code == 2
    assert f"Invalid value for '{option.split(maxsplit=1)[0]}'" in result.output
    assert not asked


@pytest.mark.parametrize(
    ("line", "option"), [(line, word) for line in (CHAIN, EXP_BLIP) for word in ("--model", "--data", "--images")]
)
def test_what_is_needed_is_asked_for(asked: dict[str, Any], line: str, option: str) -> None:
    command, *words = line.split()
    kept = [word for name, value in zip(words[::2], words[1::2], strict=True) if name != option for word in (name, value)]
    result = CliRunner().invoke(train, [command, *kept])
    assert result.exit_code == 2
    assert f"Missing option '{option}'" in result.output
    assert not asked


@pytest.mark.parametrize("start", ["", "--vicuna v", "--dinov2 d", "--model m --vicuna v", "--model m --vicuna v --dinov2 d"])
def test_expllm_needs_one_beginning(asked: dict[str, Any], start: str) -> None:
    result = CliRunner().invoke(train, ["expllm", "--data", "t.txt", *start.split()])
    assert result.exit_code == 2
    assert "expected --model alone, or --vicuna and --dinov2 together" in result.output
    assert not asked
