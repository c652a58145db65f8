"""What holds of every training of a vision-language model, shown on the smallest of each."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("accelerate", reason="needs the vlm extra")

from realtime_fer.errors import DatasetError, ModelError, SettingsError  # noqa: E402
from tests.training.chain_of_affect.tiny_set import CHAIN  # noqa: E402
from tests.training.exp_blip.tiny_set import EXP_BLIP  # noqa: E402
from tests.training.expllm.tiny_set import EXPLLM  # noqa: E402
from tests.training.vlm.runs import System, checkpoint, history, no_curves  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("no_curves")]
__all__ = ["no_curves"]


@pytest.fixture(scope="module", params=[CHAIN, EXPLLM, EXP_BLIP], ids=["chain-of-affect", "expllm", "exp-blip"])
def system(request: pytest.FixtureRequest) -> System:
    found: System = request.param
    return found


@pytest.fixture(scope="module")
def folder(system: System, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("system")
    system.save(folder)
    return folder


@pytest.fixture(scope="module")
def whole(system: System, folder: Path) -> Path:
    """A run that nobody stopped; it has its curves, being there before they are left out."""
    system.train(folder, folder / "whole")
    return folder / "whole"


def test_a_resumed_run_ends_as_the_uninterrupted_one(system: System, folder: Path, whole: Path, tmp_path: Path) -> None:
    """To the last bit: weights, optimiser, schedule, order of records, all that is random."""
    system.train(folder, tmp_path, stop_after=3)
    assert checkpoint(tmp_path)["step"] == 3
    torch.manual_seed(999)
    # The recipe of the run counts, not the one given now.
    system.train(folder, tmp_path, replace(system.short, seed=1, epochs=9), resume=True)
    one, other = checkpoint(whole), checkpoint(tmp_path)
    assert one["recipe"] == other["recipe"]
    assert one[system.trained].keys() == other[system.trained].keys()
    assert all(torch.equal(value, other[system.trained][name]) for name, value in one[system.trained].items())
    states, again = one["optimizer"]["state"], other["optimizer"]["state"]
    assert states
    assert all(torch.equal(states[n][key], again[n][key]) for n in states for key in states[n])
    assert one["optimizer"]["param_groups"] == other["optimizer"]["param_groups"]
    for row, resumed in zip(history(whole), history(tmp_path), strict=True):
        assert {**row, "seconds": 0} == {**resumed, "seconds": 0}


def test_what_every_run_leaves(system: System, whole: Path) -> None:
    left = {path.name for path in whole.iterdir()}
    assert {"curves.png", "history.csv", "history.json", "last.pt", "recipe.json"} < left
    assert json.loads((whole / "recipe.json").read_text())["seed"] == system.short.seed
    assert len(history(whole)) == 4


def test_checkpointing_changes_nothing(
    system: System, folder: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched: set[str] = set()
    forward = system.loss.forward

    def watched(self: Any, batch: Any) -> Any:
        switched.update(name for name, part in self.model.named_modules() if getattr(part, "gradient_checkpointing", False))
        return forward(self, batch)

    monkeypatch.setattr(system.loss, "forward", watched)
    system.train(folder, tmp_path, replace(system.short, gradient_checkpointing=True))
    assert system.checkpointed <= switched
    # What is frozen at the end of the network gains nothing by it.
    assert any("language" in name for name in switched) == any("language" in name for name in system.checkpointed)
    one, other = checkpoint(whole)[system.trained], checkpoint(tmp_path)[system.trained]
    assert all(torch.allclose(value, other[name], atol=system.last) for name, value in one.items())


def test_mixed_precision_keeps_what_learns_in_float32(system: System, folder: Path, tmp_path: Path) -> None:
    system.train(folder, tmp_path, replace(system.short, precision="bfloat16"), stop_after=1)
    saved = checkpoint(tmp_path)
    assert {value.dtype for value in saved[system.trained].values()} == {torch.float32}
    assert {value.dtype for state in saved["optimizer"]["state"].values() for value in state.values()} == {torch.float32}
    assert all(row["loss"] > 0 for row in history(tmp_path))


def test_a_loss_that_is_no_number_stops_the_run(system: System, folder: Path, tmp_path: Path) -> None:
    warm_up = {name: 0 for name in ("warm_up_ratio", "warm_up_steps") if hasattr(system.short, name)}
    with pytest.raises(ModelError, match=r"step \d: the loss is (nan|inf)"):
        system.train(folder, tmp_path, replace(system.short, peak_learning_rate=1e30, **warm_up))


def test_errors_before_anything_is_loaded(system: System, folder: Path, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="found none; train it first"):
        system.train(folder, tmp_path, resume=True)
    with pytest.raises(DatasetError, match=r"found last\.pt; --resume it, or name another --out"):
        system.train(folder, whole)
    if not torch.cuda.is_available():
        with pytest.raises(SettingsError, match="torch finds none; try --device cpu"):
            system.train(folder, tmp_path, device="cuda")
