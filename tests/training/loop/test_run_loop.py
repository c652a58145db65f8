"""The loop on the smallest of tasks: one matrix that learns to be the identity."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import DatasetError, ModelError, SettingsError  # noqa: E402
from realtime_fer.training.loop import run_loop  # noqa: E402
from realtime_fer.training.loop.run_loop import (  # noqa: E402
    Recipe,
    begun_or_resumed,
    one_cycle,
    require_device,
    resumed,
    train_run,
    training_arithmetic,
)

pytestmark = pytest.mark.torch

RECIPE = Recipe(epochs=3, batch=4, peak_learning_rate=0.1, weight_decay=0.1, seed=3, limit=None)


class Identity:
    warm_up_fraction = 0.2
    clip_norm = 1.0
    never_decayed: Collection[str] = ()

    def __init__(self) -> None:
        self.drawn: list[int] = []
        self.model: Any = None

    def network(self) -> Any:
        # Dropout draws from torch's own generator, which a resumed run must find where it was.
        return torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Dropout(0.5))

    def batches(self, epoch: int) -> list[Any]:
        generator = torch.Generator().manual_seed(epoch)
        return [torch.randn((4, 3, 1, 1), generator=generator).flatten(1) for _ in range(5)]

    def losses(self, model: Any, batch: Any) -> dict[str, Any]:
        self.model = model
        error = (model(batch) - batch).square().mean()
        return {"loss": error, "root": error.sqrt()}

    def held_out_figures(self, average: Any) -> dict[str, float]:
        average.eval()
        return {"held_out": float((average(torch.eye(3)) - torch.eye(3)).square().mean())}

    def own_contents(self) -> dict[str, Any]:
        return {"torch_rng": torch.get_rng_state()}

    def restore(self, saved: Mapping[str, Any]) -> None:
        torch.set_rng_state(saved["torch_rng"])

    def draw(self, history: list[dict[str, float]], path: Path) -> None:
        assert path.name == "curves.png"
        self.drawn.append(len(history))


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRecipe(Recipe):
    sources: tuple[str, ...]


def train(out: Path, task: Identity | None = None, recipe: Recipe = RECIPE, **more: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {"saved": None, "device": "cpu", "data": "some", "tell": lambda _line: None, **more}
    checkpoint = train_run(task or Identity(), recipe, out, **settings)
    loaded: dict[str, Any] = torch.load(checkpoint, weights_only=True)
    return loaded


def test_each_epoch_leaves_checkpoint_history_and_curves(tmp_path: Path) -> None:
    task, lines = Identity(), list[str]()
    saved = train(tmp_path, task, tell=lines.append)
    assert (saved["epoch"], saved["recipe"]["seed"]) == (3, 3)
    history = json.loads((tmp_path / "history.json").read_text())
    assert history == saved["history"]
    assert [list(row) for row in history] == [["epoch", "loss", "root", "held_out", "seconds"]] * 3
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert history[2]["loss"] < history[0]["loss"]
    assert task.drawn == [1, 2, 3]
    assert [line.split(",")[0] for line in lines] == ["epoch 1", "epoch 2", "epoch 3"]
    assert any(not torch.equal(saved["average"][name], value) for name, value in saved["model"].items())


def test_a_stopped_and_resumed_run_ends_as_one_that_was_never_stopped(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole")
    assert train(tmp_path / "parts", stop_after=1)["epoch"] == 1
    torch.rand(7)
    recipe, saved = resumed(tmp_path / "parts", Recipe)
    assert recipe == RECIPE
    parts = train(tmp_path / "parts", saved=saved)
    assert [row["loss"] for row in parts["history"]] == [row["loss"] for row in whole["history"]]
    for part in ("model", "average"):
        for name, value in whole[part].items():
            assert torch.equal(value, parts[part][name]), (part, name)


def test_a_finished_run_has_nothing_left_to_do(tmp_path: Path) -> None:
    train(tmp_path)
    task = Identity()
    assert train(tmp_path, task, saved=resumed(tmp_path, Recipe)[1])["epoch"] == 3
    assert task.drawn == []


def test_the_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"last\.pt: expected the checkpoint of an earlier run, found none"):
        resumed(tmp_path, Recipe)
    train(tmp_path, recipe=OtherRecipe(**{name: getattr(RECIPE, name) for name in RECIPE.__slots__}, sources=("a",)))
    with pytest.raises(
        DatasetError, match=r"last\.pt: expected the checkpoint of this training, found one of another .*sources"
    ):
        resumed(tmp_path, Recipe)


def test_a_run_is_begun_once_and_then_resumed(tmp_path: Path) -> None:
    assert begun_or_resumed(tmp_path, RECIPE, False) == (RECIPE, None)
    train(tmp_path, stop_after=1)
    with pytest.raises(DatasetError, match=r"found last\.pt; --resume it, or name another --out"):
        begun_or_resumed(tmp_path, RECIPE, False)
    recipe, saved = begun_or_resumed(tmp_path, replace(RECIPE, epochs=9), True)
    assert recipe == RECIPE
    assert saved is not None
    assert saved["epoch"] == 1


def test_a_run_goes_on_with_the_same_data_alone(tmp_path: Path) -> None:
    train(tmp_path, data="a", stop_after=1)
    saved = resumed(tmp_path, Recipe)[1]
    with pytest.raises(DatasetError, match=r"last\.pt: was made with other --data \(a, now b\)"):
        train(tmp_path, data="b", saved=saved)
    told: list[str] = []
    assert train(tmp_path, data="a", saved=saved, tell=told.append)["epoch"] == 3
    assert told[0].startswith("goes on after epoch 1 of 3 by the recipe of the run; options")
    # Earlier checkpoints do not say what they were made with.
    assert train(tmp_path, data="b", saved={name: value for name, value in saved.items() if name != "data"})["epoch"] == 3


def test_a_loss_that_is_no_number_ends_the_run_and_spares_the_checkpoint(tmp_path: Path) -> None:
    class Wild(Identity):
        def losses(self, model: Any, batch: Any) -> dict[str, Any]:
            return {"loss": super().losses(model, batch)["loss"] * float("nan")}

    before = train(tmp_path, stop_after=1)
    with pytest.raises(ModelError, match="epoch 2, step 1: the loss is nan, expected a number"):
        train(tmp_path, Wild(), saved=resumed(tmp_path, Recipe)[1])
    assert resumed(tmp_path, Recipe)[1]["epoch"] == before["epoch"] == 1


def test_a_folder_that_cannot_be_written_to_is_known_before_the_first_epoch(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    task = Identity()
    with pytest.raises(DatasetError, match="file: expected a folder to write to, found none"):
        train(tmp_path / "file", task)
    assert task.model is None


@pytest.mark.parametrize("device", ["nonsense", "cpu:x", "cuda:99"])
def test_a_device_that_is_none_is_said(device: str) -> None:
    with pytest.raises(SettingsError, match=f"device: expected one that torch has, found '{device}'; try --device cpu"):
        require_device(device)
    require_device("cpu")


def test_only_the_first_loss_is_minimised(tmp_path: Path) -> None:
    class Torn(Identity):
        def losses(self, model: Any, batch: Any) -> dict[str, Any]:
            return {**super().losses(model, batch), "opposite": -1000 * model(batch).square().mean()}

        def network(self) -> Any:
            return torch.nn.Linear(3, 3)

    class Alone(Torn):
        def losses(self, model: Any, batch: Any) -> dict[str, Any]:
            return Identity.losses(self, model, batch)

    torn, alone = train(tmp_path / "torn", Torn()), train(tmp_path / "alone", Alone())
    assert torch.equal(torn["model"]["weight"], alone["model"]["weight"])


def test_the_average_follows_every_step_of_the_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[int] = []
    monkeypatch.setattr(run_loop, "update_average", lambda _average, _model, step: followed.append(step))
    train(tmp_path, stop_after=2)
    train(tmp_path, saved=resumed(tmp_path, Recipe)[1])
    assert followed == list(range(15))


def test_what_is_no_matrix_or_is_named_is_not_decayed(tmp_path: Path) -> None:
    plain = train(tmp_path / "a")["optimizer"]["param_groups"]
    assert [(group["weight_decay"], len(group["params"])) for group in plain] == [(0.1, 1), (0.0, 1)]
    named = Identity()
    named.never_decayed = ("0.weight",)
    groups = train(tmp_path / "b", named)["optimizer"]["param_groups"]
    assert [(group["weight_decay"], len(group["params"])) for group in groups] == [(0.1, 0), (0.0, 2)]


def test_gradients_are_clipped(tmp_path: Path) -> None:
    class Steep(Identity):
        clip_norm = 0.5

        def losses(self, model: Any, batch: Any) -> dict[str, Any]:
            return {name: 1e4 * value for name, value in super().losses(model, batch).items()}

    task = Steep()
    train(tmp_path, task)
    norm = torch.linalg.vector_norm(torch.stack([p.grad.norm() for p in task.model.parameters()]))
    assert norm.item() == pytest.approx(0.5, rel=1e-3)


def test_long_epochs_say_how_far_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_loop, "LOG_EVERY_S", -1.0)
    lines: list[str] = []
    train(tmp_path, tell=lines.append, stop_after=1)
    assert [line.split(", loss")[0] for line in lines[:2]] == ["epoch 1/3, step 1/5", "epoch 1/3, step 2/5"]


def test_the_rate_rises_peaks_and_ends_at_nothing() -> None:
    rates = [one_cycle(step, 200, 0.01, 0.15) for step in range(201)]
    assert max(rates) == pytest.approx(0.01)
    assert rates.index(max(rates)) == 29
    assert rates[0] == pytest.approx(0.01 / 30)
    assert rates[:30] == sorted(rates[:30])
    assert rates[30:] == sorted(rates[30:], reverse=True)
    assert rates[115] == pytest.approx(0.005)
    assert rates[200] == pytest.approx(0)


def test_the_step_sets_the_rate_that_the_optimiser_uses(tmp_path: Path) -> None:
    last = train(tmp_path)["optimizer"]["param_groups"]
    assert [group["lr"] for group in last] == [one_cycle(14, 15, 0.1, 0.2)] * 2


def test_an_error_ends_the_arithmetic_for_training_too() -> None:
    with pytest.raises(ZeroDivisionError), training_arithmetic(None):
        1 / 0  # noqa: B018
    assert (torch.tensor([1e-40]) * 1.0).item() > 0


def test_arithmetic_for_training_ends_with_the_training() -> None:
    before = torch.get_num_threads()
    tiny = torch.tensor([1e-40])
    with training_arithmetic(before + 1):
        assert torch.get_num_threads() == before + 1
        assert (tiny * 1.0).item() == 0
    assert (torch.get_num_threads(), (tiny * 1.0).item() > 0) == (before, True)
    with training_arithmetic(None):
        assert torch.get_num_threads() == before
