"""From the command line to a checkpoint that the export takes, on a miniature of AffectNet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from realtime_fer.commands.train.emotion_gcn import emotion_gcn


def test_published_defaults() -> None:
    found = emotion_gcn.make_context("emotion-gcn", ["--data", "d", "--dataset", "affectnet"]).params
    names = ("network", "model", "epochs", "batch", "learning_rate", "momentum", "weight_decay", "decay_every", "decay_factor")
    assert [found[name] for name in names] == ["densenet", "emotion_gcn", 10, 35, 1e-3, 0.9, 1e-3, 10, 0.1]
    assert (found["rotation_degrees"], found["select"], found["precision"]) == (30, "last", "float32")
    assert (found["size_px"], found["class_weights"], found["held_out"], found["test_figures"]) == (None, None, 0.05, False)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--network", "resnet"), ("--model", "gcn"), ("--dataset", "x"), ("--held-out", "1"), ("--batch", "1"), ("--seed", "-1")],
)
def test_options_out_of_range_are_named(option: str, value: str) -> None:
    result = CliRunner().invoke(emotion_gcn, ["--data", "d", "--dataset", "affectnet", option, value])
    assert result.exit_code == 2
    assert option in result.output


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder with a miniature in data/, word vectors, and a file of settings."""
    pytest.importorskip("torch", reason="needs the train extra")
    pytest.importorskip("accelerate", reason="needs the train extra")
    from tests.training.emotion_gcn.miniature import save_affectnet_faces, save_glove

    save_affectnet_faces(tmp_path / "data", 5)
    save_affectnet_faces(tmp_path / "data", 2, "validation.csv")
    save_glove(tmp_path / "glove.txt", 50)
    settings = {"data": tmp_path / "data", "dataset": "affectnet", "embeddings": tmp_path / "glove.txt", "network": "bregnext"}
    settings |= {"size": 16, "batch": 10, "workers": 0, "device": "cpu", "threads": 1, "held-out": 0.2, "epochs": 1}
    (tmp_path / "c.yaml").write_text("".join(f"{name}: {value}\n" for name, value in settings.items()))
    return tmp_path


@pytest.mark.torch
def test_trained_and_exported(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from realtime_fer.commands.export.command import export
    from realtime_fer.networks.emotion_gcn import model
    from realtime_fer.zoo.manifest import read_manifest

    monkeypatch.setitem(model.LAYERS, "bregnext50", (1, 1, 1))
    command = ["--config", str(made / "c.yaml"), "--out", str(made / "run"), "--test-figures"]
    result = CliRunner().invoke(emotion_gcn, command, catch_exceptions=False)
    lines = result.output.splitlines()
    assert lines[0] == "28 faces of 7 classes, 7 held out; emotion_gcn on bregnext, 16 px, on 1 x cpu"
    assert lines[1].startswith("epoch 1, loss ")
    assert "test_ccc_arousal" in lines[1]
    assert lines[2].endswith(f"next: realtime-fer export emotion-gcn --weights {made / 'run' / 'last.pt'}")
    # Nothing but the file is needed: labels, size and word vectors are in it.
    done = CliRunner().invoke(
        export, ["emotion-gcn", "--weights", str(made / "run" / "last.pt"), "--out", str(made / "m")], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    manifest: Any = read_manifest(made / "m")
    assert (manifest.crop.size_px, manifest.valence_arousal, manifest.trained_on) == (16, "predicted", "28 faces of AffectNet")
    assert manifest.temperature != 1


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_two_processes_of_torchrun(made: Path) -> None:
    """The command as it stands, gloo between them; one writes, both learn."""
    torch = pytest.importorskip("torch")
    start = made / "start.py"
    start.write_text("from realtime_fer.cli import main\nmain()\n")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*launcher, str(start), "train", "emotion-gcn", "--config", str(made / "c.yaml"), "--out", str(made / "run")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    once = subprocess.run([*command, "--epochs", "2"], env=environment, capture_output=True, text=True, check=False)
    assert once.returncode == 0, once.stderr
    assert once.stdout.splitlines()[0].endswith("on 2 x cpu")
    assert [line.split(",")[0] for line in once.stdout.splitlines()[1:3]] == ["epoch 1", "epoch 2"]
    assert len(once.stdout.splitlines()) == 4
    saved = torch.load(made / "run" / "last.pt", weights_only=True)
    assert saved["epoch"] == 1
    assert not [name for name in saved["model_state_dict"] if name.startswith("module.")]
    assert 1 < saved["history"][-1]["loss"] < 4
