"""What the command line hands to the training of FMPN."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from realtime_fer.commands.train.command import train
from realtime_fer.commands.train.fmpn import fmpn


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands for the training, which needs torch; holds what it was called with."""
    seen: dict[str, Any] = {}

    def train_fmpn(**settings: Any) -> Path:
        seen.update(settings)
        settings["progress"].line("epoch 1")
        return Path("there/last.pt")

    module = ModuleType("realtime_fer.training.fmpn.run")
    module.train_fmpn = train_fmpn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return seen


def test_options_reach_the_training(asked: dict[str, Any]) -> None:
    command = (
        "fmpn --data d --out o --stage masks --epochs 9 --decay-epochs 3 --batch 7 --learning-rate 0.001 --size 99 "
        "--channels 8 --blocks 2 --norm instance --neutral calm --without-neutral --people-in-names "
        "--masks m --held-out 0 --seed 4 --threads 1 --workers 2 --limit 5 --stop-after 2 --resume"
    )
    result = CliRunner().invoke(train, command.split())
    assert result.exit_code == 0, result.output
    expected = {"data": Path("d"), "out": Path("o"), "stage": "masks", "epochs": 9, "decay_epochs": 3, "batch": 7}
    expected |= {"learning_rate": 0.001, "size_px": 99, "channels": 8, "blocks": 2, "norm": "instance", "neutral": "calm"}
    expected |= {"without_neutral": True, "people_in_names": True, "masks": Path("m"), "held_out": 0, "seed": 4}
    expected |= {"threads": 1, "workers": 2, "limit": 5, "stop_after": 2, "resume": True}
    assert {name: asked[name] for name in expected} == expected
    assert result.output == "epoch 1\n"


def test_the_second_stage_and_published_defaults(asked: dict[str, Any]) -> None:
    command = "fmpn --data d --stage classifier --generator g.pt --pretrained i.pth --mask-weight 10 --width 0.5"
    result = CliRunner().invoke(train, [*command.split(), "--generator-learning-rate", "0.1"])
    assert result.exit_code == 0, result.output
    assert (asked["generator"], asked["pretrained"], asked["mask_weight"]) == (Path("g.pt"), Path("i.pth"), 10)
    assert (asked["width"], asked["generator_learning_rate"]) == (0.5, 0.1)
    assert (asked["epochs"], asked["decay_epochs"], asked["batch"], asked["learning_rate"]) == (None, None, None, None)
    assert (asked["size_px"], asked["channels"], asked["blocks"], asked["norm"]) == (None, 64, 4, "batch")
    assert (asked["mixed_precision"], asked["device"]) == (None, "auto")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--stage", "both"),
        ("--norm", "layer"),
        ("--held-out", "1"),
        ("--width", "0"),
        ("--epochs", "0"),
        ("--mixed-precision", "bf8"),
        ("--device", "tpu"),
    ],
)
def test_options_out_of_range_are_named(asked: dict[str, Any], option: str, value: str) -> None:
    result = CliRunner().invoke(train, ["fmpn", "--data", "d", "--stage", "masks", option, value])
    assert result.exit_code == 2
    assert option in result.output
    assert not asked


@pytest.mark.torch
def test_options_and_defaults_are_those_of_the_training() -> None:
    pytest.importorskip("torch", reason="needs the train extra")
    from realtime_fer.training.fmpn.run import train_fmpn

    defaults = {name: p.default for name, p in inspect.signature(train_fmpn).parameters.items()}
    # A file of options says nothing to the training itself.
    assert {str(option.name) for option in fmpn.params} - {"config"} == defaults.keys() - {"progress"}
    found = fmpn.make_context("fmpn", ["--data", "d", "--stage", "masks"]).params
    for given in ("data", "out", "stage"):
        found.pop(given), defaults.pop(given)
    assert found == {name: defaults[name] for name in found}


def test_options_for_comparisons_and_folds(asked: dict[str, Any]) -> None:
    command = (
        "fmpn --data d --stage classifier --classifier compact --backbone medium --dropout 0.1 --without-mask "
        "--schedule one-cycle --camera-share 0.5 --weight-decay 0.01 --layout fmpn --fold 3 "
        "--mixed-precision fp16 --device cuda"
    )
    result = CliRunner().invoke(train, command.split())
    assert result.exit_code == 0, result.output
    expected = {"classifier": "compact", "backbone": "medium", "dropout": 0.1, "without_mask": True, "schedule": "one-cycle"}
    expected |= {"camera_share": 0.5, "weight_decay": 0.01, "layout": "fmpn", "fold": 3, "size_px": None}
    expected |= {"mixed_precision": "fp16", "device": "cuda"}
    assert {name: asked[name] for name in expected} == expected


START = """
import os
from realtime_fer.cli import main
from realtime_fer.training.fmpn import epochs

save = epochs.save_checkpoint
epochs.draw_panels = lambda *_: None


def told(path, contents):
    (path.parent / f"written-by-{os.environ.get('RANK', 'one')}").touch()
    save(path, contents)


epochs.save_checkpoint = told
main()
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[list[str], dict[str, Any]]]:
    """The command as it stands, on so many processes with gloo between them -> its lines, what the checkpoint holds."""
    torch = pytest.importorskip("torch", reason="needs the train extra")
    pytest.importorskip("accelerate", reason="needs the train extra")
    from tests.training.fmpn.pictures import write_folders

    write_folders(tmp_path / "data")
    (tmp_path / "start.py").write_text(START)

    def started(processes: int, name: str, stage: str, options: str) -> tuple[list[str], dict[str, Any]]:
        launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)] if processes > 1 else []
        command = [sys.executable, *launcher, str(tmp_path / "start.py"), "train", "fmpn", "--data", str(tmp_path / "data")]
        command += ["--out", str(tmp_path / name), "--stage", stage, "--device", "cpu", "--threads", "1", *options.split()]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        folder = tmp_path / name / stage
        written = [path.name for path in folder.glob("written-by-*")]
        assert written == ["written-by-0" if processes > 1 else "written-by-one"]
        return done.stdout.splitlines(), torch.load(folder / "last.pt", weights_only=True)

    return started


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_learn_what_one_does(run: Callable[..., tuple[list[str], dict[str, Any]]]) -> None:
    """Without batch norms, which see only their share, the gradient is that of all faces, each of the same weight."""
    import torch

    tiny = "--size 16 --channels 4 --blocks 1 --norm none --epochs 1 --batch 9 --held-out 0.25"
    lines, two = run(2, "two", "masks", tiny)
    assert lines[0].startswith("9 faces of 3 classes, 3 held out; masks: ")
    assert lines[0].endswith("; on 2 x cpu")
    assert lines[1].startswith("epoch 1, loss ")
    assert "next: realtime-fer train fmpn --stage classifier --data" in lines[2]
    assert len(lines) == 3
    _, one = run(1, "one", "masks", tiny)
    assert two["history"][0]["loss"] == pytest.approx(one["history"][0]["loss"], rel=1e-5)
    # After one step, Adam's mean of gradients is the gradient but for a factor.
    for index, state in one["optimizer"]["state"].items():
        gradient = state["exp_avg"]
        assert gradient.abs().max() > 0
        close = 1e-3 * float(gradient.abs().max())
        torch.testing.assert_close(two["optimizer"]["state"][index]["exp_avg"], gradient, atol=close, rtol=0)


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_of_the_second_stage_are_resumed(run: Callable[..., tuple[list[str], dict[str, Any]]]) -> None:
    """The compact network with its moving average, in bfloat16."""
    import torch

    tiny = "--classifier compact --schedule one-cycle --without-mask --epochs 2 --batch 4 --held-out 0.25"
    lines, whole = run(2, "whole", "classifier", tiny)
    assert lines[-1].startswith("checkpoint: ")
    assert sum("export fmpn --weights" in line for line in lines) == 1
    run(2, "parts", "classifier", f"{tiny} --stop-after 1")
    _, parts = run(2, "parts", "classifier", "--held-out 0.25 --resume")
    for part in ("model", "average"):
        assert not any(name.startswith("module.") for name in whole[part])
        assert all(torch.equal(value, parts[part][name]) for name, value in whole[part].items())
    assert whole["held_out_logits"].shape == (3, 3)
