from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from realtime_fer.datasets.labelled_faces import LabelledFace, LabelledSet  # noqa: E402
from realtime_fer.errors import DatasetError, ModelError, SettingsError  # noqa: E402
from realtime_fer.labels import FERPLUS_LABELS  # noqa: E402
from realtime_fer.networks.emotion_gcn.checkpoint import read_checkpoint, recognise  # noqa: E402
from realtime_fer.networks.emotion_gcn.model import build_network  # noqa: E402
from realtime_fer.training.emotion_gcn import run_folder  # noqa: E402
from realtime_fer.training.emotion_gcn.run import train_emotion_gcn  # noqa: E402
from realtime_fer.training.loop.progress import PlainProgress  # noqa: E402
from tests.training.emotion_gcn.miniature import labelled_set, save_glove, tiny_recipe  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Curves take longer than the epochs of these runs."""
    if "curves" not in request.fixturenames:
        monkeypatch.setattr(run_folder, "draw_panels", lambda *_: None)


@pytest.fixture
def curves() -> None:
    """They are drawn."""


RESULTS = ("model_state_dict", "optimizer_state_dict", "epoch", "word_embeddings", "held_out_logits")


def train(folder: Path, name: str = "run", faces: LabelledSet | None = None, **settings: Any) -> dict[str, Any]:
    """Train on faces in memory and return what the checkpoint holds."""
    given = {"recipe": tiny_recipe(), "embeddings": save_glove(folder / "glove.txt"), **settings}

    def opened(_name: str, _data: Path, part: str, *, fold: int | None) -> LabelledSet:
        return (labelled_set() if faces is None else faces) if part == "train" else labelled_set(3, part="test")

    path = train_emotion_gcn(data=folder, out=folder / name, device="cpu", threads=1, opened=opened, **given)
    saved: dict[str, Any] = torch.load(path, weights_only=True)
    return saved


def same(one: Any, other: Any) -> bool:
    """Bit for bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else bool(one == other)


@pytest.mark.parametrize(
    "changes", [{}, {"network": "densenet", "model": "single_task", "size_px": 32}], ids=["graph", "single"]
)
def test_stopped_and_resumed_is_the_same_run(tmp_path: Path, changes: dict[str, Any]) -> None:
    recipe = tiny_recipe(epochs=2, decay_every=1, **changes)
    whole = train(tmp_path, "whole", recipe=recipe)
    told: list[str] = []
    stopped = train(tmp_path, "parts", recipe=recipe, stop_after=1, progress=PlainProgress(told.append))
    assert told[-1].endswith("next: the same command with --resume, without --stop-after (1 of 2 epochs are done)")
    assert (stopped["epoch"], len(stopped["history"])) == (0, 1)
    # Everything but the place comes from the checkpoint.
    again: dict[str, Any] = {"embeddings": None, "resume": True, "progress": PlainProgress(told.append)}
    resumed = train(tmp_path, "parts", recipe=tiny_recipe(seed=9), **again)
    assert sum(line.startswith("goes on after epoch 1 of 2 by the recipe of the run; options") for line in told) == 1
    assert "next: realtime-fer export emotion-gcn" in told[-1]
    for part in RESULTS:
        assert same(whole.get(part), resumed.get(part)), part
    columns = [{name: value for name, value in row.items() if name != "seconds"} for row in whole["history"]]
    assert columns == [{name: value for name, value in row.items() if name != "seconds"} for row in resumed["history"]]
    assert [row["rate"] for row in columns] == pytest.approx([0.01, 0.001])
    assert resumed["optimizer_state_dict"]["param_groups"][0]["lr"] == pytest.approx(0.001)
    assert not same(stopped["model_state_dict"], resumed["model_state_dict"])


def test_the_checkpoint_is_the_authors_and_the_folder_tells_the_rest(tmp_path: Path, curves: None) -> None:
    saved = train(tmp_path)
    network = build_network("bregnext50", "emotion-gcn", word_embeddings=saved["word_embeddings"])
    network.load_state_dict(saved["model_state_dict"], strict=True)
    optimiser = torch.optim.SGD(network.parameters(), lr=1)
    optimiser.load_state_dict(saved["optimizer_state_dict"])
    names = [name for name, _ in network.named_parameters()]
    without = {names[index] for index in range(len(names)) if index not in saved["optimizer_state_dict"]["state"]}
    assert without == {"A", "model._fc0.weight", "model._fc0.bias"}
    assert saved["epoch"] == 1
    folder = tmp_path / "run"
    assert {path.name for path in folder.iterdir()} == {"last.pt", "emb.npy", "history.json", "history.csv", "curves.png"}
    rows = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    assert [float(row["loss"]) for row in rows] == [row["loss"] for row in json.loads((folder / "history.json").read_text())]
    assert rows[0].keys() >= {"expression_loss", "affect_loss", "held_out_war", "held_out_uar", "held_out_ccc_valence"}
    assert not [name for name in rows[0] if name.startswith("test")]
    assert float(rows[0]["loss"]) == pytest.approx(float(rows[0]["expression_loss"]) + float(rows[0]["affect_loss"]))
    read = read_checkpoint(folder / "last.pt")
    assert (read.dataset, read.size_px, read.faces) == ("affectnet", 16, 42)
    assert recognise(read.state, "").kind == "emotion-gcn"
    np.testing.assert_array_equal(np.load(folder / "emb.npy"), saved["word_embeddings"])


def test_it_learns(tmp_path: Path) -> None:
    recipe = tiny_recipe(model="multi_task", epochs=4, learning_rate=0.05, rotation_degrees=0.0)
    history = train(tmp_path, recipe=recipe)["history"]
    losses = [row["loss"] for row in history]
    assert losses[-1] < 0.8 * losses[0]
    assert history[-1]["held_out_ccc_valence"] > 0.5


def test_mixed_precision(tmp_path: Path) -> None:
    exact, mixed = (train(tmp_path, name, recipe=tiny_recipe(precision=name, epochs=1)) for name in ("float32", "bfloat16"))
    weight, rounded = (saved["model_state_dict"]["gc1.weight"] for saved in (exact, mixed))
    assert rounded.dtype == torch.float32
    assert not torch.equal(weight, rounded)
    torch.testing.assert_close(weight, rounded, atol=5e-3, rtol=0)
    with pytest.raises(SettingsError, match="float16: needs a GPU"):
        train(tmp_path, "half", recipe=tiny_recipe(precision="float16"))


def test_eight_labels_without_valence_and_arousal(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    faces = tuple(LabelledFace(Path("f.npz"), row % 8) for row in range(48))
    ferplus = LabelledSet("ferplus", FERPLUS_LABELS, faces, pixels=rng.integers(0, 256, (48, 20, 20), dtype=np.uint8))
    recipe = tiny_recipe(dataset="ferplus", model="single_task")
    saved = train(tmp_path, faces=ferplus, recipe=recipe, embeddings=None)
    assert saved["model_state_dict"]["_fc0.weight"].shape == (8, 128)
    assert saved["labels"] == list(FERPLUS_LABELS)
    assert "affect_loss" not in saved["history"][0]
    assert not (tmp_path / "run" / "emb.npy").exists()


@pytest.mark.parametrize(("select", "column"), [("best-on-test", "test_war"), ("best-on-held-out", "held_out_war")])
def test_the_best_epoch_is_kept_beside_the_last(tmp_path: Path, select: str, column: str) -> None:
    told: list[str] = []
    recipe = tiny_recipe(model="single_task", select=select, epochs=3)
    saved = train(tmp_path, recipe=recipe, progress=PlainProgress(told.append))
    figures = [row[column] for row in saved["history"]]
    best = torch.load(tmp_path / "run" / f"{select}.pt", weights_only=True)
    assert best["epoch"] == int(np.argmax(figures))
    assert any("no test any more" in line for line in told) == (select == "best-on-test")


def test_test_figures_on_request(tmp_path: Path) -> None:
    assert "test_war" in train(tmp_path, test_figures=True)["history"][0]
    recipe = tiny_recipe(held_out=0.0)
    history = train(tmp_path, "none", recipe=recipe)["history"]
    assert not [name for name in history[0] if name.startswith(("held_out", "test"))]


def test_a_test_part_that_was_learned_from(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="test part of its own"):
        train(tmp_path, faces=labelled_set(part="test"), test_figures=True)


def test_what_cannot_be_resumed_or_begun(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="found none"):
        train(tmp_path, "absent", resume=True)
    train(tmp_path, recipe=tiny_recipe(model="single_task", epochs=1))
    with pytest.raises(DatasetError, match=r"found last\.pt; --resume it"):
        train(tmp_path)
    with pytest.raises(DatasetError, match="other --data"):
        train(tmp_path, faces=labelled_set(5), resume=True)
    torch.save({"recipe": {"stage": "masks"}, "model_state_dict": {}}, tmp_path / "run" / "last.pt")
    with pytest.raises(DatasetError, match="one of another"):
        train(tmp_path, resume=True)


def test_a_loss_that_is_no_number(tmp_path: Path) -> None:
    broken = labelled_set()
    broken = replace(broken, faces=tuple(replace(face, valence=float("nan")) for face in broken.faces))
    with pytest.raises(ModelError, match=r"epoch 1, step 4: the loss is nan.*--learning-rate"):
        train(tmp_path, faces=broken, recipe=tiny_recipe(model="multi_task", batch=11))
    assert not (tmp_path / "run" / "last.pt").exists()
