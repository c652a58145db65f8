"""A tiny network learns a generated set, from files to files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("accelerate", reason="needs the vlm extra")

from realtime_fer.datasets.chain_records import ChainRecord  # noqa: E402
from realtime_fer.errors import DatasetError, ModelError, ModelNotFoundError, SettingsError  # noqa: E402
from realtime_fer.networks.phi3_vision.checkpoint import load_phi3_vision  # noqa: E402
from realtime_fer.networks.phi3_vision.lora import LoraAdapter  # noqa: E402
from realtime_fer.training.chain_of_affect.examples import ChainExamples, collate  # noqa: E402
from realtime_fer.training.chain_of_affect.objective import AnswerLoss  # noqa: E402
from realtime_fer.training.chain_of_affect.recipe import ChainRecipe  # noqa: E402
from realtime_fer.training.chain_of_affect.run import train_chain_of_affect  # noqa: E402
from realtime_fer.training.vlm import run_folder  # noqa: E402
from realtime_fer.training.vlm.processes import evenly  # noqa: E402
from tests.networks.phi3_vision.tiny import TOWER, tiny_tokenizer  # noqa: E402
from tests.training.chain_of_affect.tiny_set import TINY, generated_records, save_set, save_tiny_checkpoint  # noqa: E402

pytestmark = pytest.mark.torch

SHORT = replace(TINY, batch=2, micro_batch=1, epochs=1)
"""Four steps."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chain")
    (folder / "model").mkdir()
    save_tiny_checkpoint(folder / "model")
    save_set(folder / "set")
    return folder


@pytest.fixture(autouse=True)
def no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would take longer than the training; `whole` has them, being there before."""
    monkeypatch.setattr(run_folder, "draw_panels", lambda *_: None)


def run(folders: Path, out: Path, recipe: ChainRecipe = SHORT, **options: Any) -> Path:
    data = folders / "set"
    settings: dict[str, Any] = {"images": [data / "basic", data / "compound"], "device": "cpu", "tower": TOWER, **options}
    return train_chain_of_affect(model=folders / "model", data=data / "train.json", out=out, recipe=recipe, **settings)


@pytest.fixture(scope="module")
def whole(folders: Path) -> Path:
    """A run that nobody stopped."""
    run(folders, folders / "whole")
    return folders / "whole"


def checkpoint(out: Path) -> dict[str, Any]:
    saved: dict[str, Any] = torch.load(out / "last.pt", weights_only=True)
    return saved


def history(out: Path) -> list[dict[str, float]]:
    rows: list[dict[str, float]] = json.loads((out / "history.json").read_text())
    return rows


def loss_with(folders: Path, adapter: Path | None) -> float:
    """Of all records, by a model that was read from files."""
    lora = None if adapter is None else LoraAdapter.from_folder(adapter)
    model = load_phi3_vision(folders / "model", dtype=torch.float32, adapter=lora, tower=TOWER)
    paths = {path.name: path for path in (folders / "set").rglob("*.png")}
    examples = ChainExamples(generated_records(), paths, tiny_tokenizer(), 1)
    with torch.no_grad():
        return float(AnswerLoss(model, "float32")(collate([examples[index] for index in range(len(examples))])))


def test_the_loss_falls_and_the_saved_adapter_carries_it(folders: Path, tmp_path: Path) -> None:
    told: list[str] = []
    adapter = run(folders, tmp_path, TINY, progress=told.append)
    losses = [row["loss"] for row in history(tmp_path)]
    assert len(losses) == 8
    assert losses[-1] < losses[0] - 2
    assert adapter == tmp_path / "lora"
    assert loss_with(folders, None) == pytest.approx(losses[0], abs=1.5)
    assert loss_with(folders, adapter) < loss_with(folders, None) - 1
    assert told[0].startswith("4 first and 4 second questions; ")
    assert told[-1].startswith("step 8/8, epoch 4.00/4, loss ")


def test_a_resumed_run_ends_as_the_uninterrupted_one(folders: Path, whole: Path, tmp_path: Path) -> None:
    """To the last bit: adapter, optimiser, schedule, order of records, dropout."""
    run(folders, tmp_path, stop_after=3)
    assert checkpoint(tmp_path)["step"] == 3
    torch.manual_seed(999)
    # The recipe of the run counts, not the one given now.
    run(folders, tmp_path, replace(SHORT, seed=1, epochs=9), resume=True)
    one, other = checkpoint(whole), checkpoint(tmp_path)
    assert one["recipe"] == other["recipe"]
    assert one["adapter"].keys() == other["adapter"].keys()
    assert all(torch.equal(value, other["adapter"][name]) for name, value in one["adapter"].items())
    states, again = one["optimizer"]["state"], other["optimizer"]["state"]
    assert states
    assert all(torch.equal(states[n][key], again[n][key]) for n in states for key in states[n])
    assert one["optimizer"]["param_groups"] == other["optimizer"]["param_groups"]
    for row, resumed in zip(history(whole), history(tmp_path), strict=True):
        assert {**row, "seconds": 0} == {**resumed, "seconds": 0}
    written = [LoraAdapter.from_folder(out / "lora").tensors() for out in (whole, tmp_path)]
    assert all(torch.equal(value, written[1][name]) for name, value in written[0].items())


def test_what_a_run_leaves(whole: Path) -> None:
    assert sorted(path.name for path in whole.iterdir()) == [
        "curves.png",
        "history.csv",
        "history.json",
        "last.pt",
        "lora",
        "recipe.json",
    ]
    rows = history(whole)
    assert [row["epoch"] for row in rows] == [0.25, 0.5, 0.75, 1.0]
    assert [row["rate"] for row in rows] == [SHORT.share_of_peak(step, 4) for step in range(4)]


def test_an_accumulated_batch_is_a_batch(folders: Path, tmp_path: Path) -> None:
    """Every record here has as many learned tokens, so that a mean of means is the mean."""
    plain = replace(SHORT, dropout=0.0, micro_batch=2)
    for name, recipe in (("plain", plain), ("accumulated", replace(plain, micro_batch=1))):
        run(folders, tmp_path / name, recipe, stop_after=2)
    # The optimiser forgives a gradient of another size; its norm does not.
    for row, again in zip(history(tmp_path / "plain"), history(tmp_path / "accumulated"), strict=True):
        assert (row["loss"], row["gradient_norm"]) == pytest.approx((again["loss"], again["gradient_norm"]), rel=1e-3)
    one, other = (checkpoint(tmp_path / name)["adapter"] for name in ("plain", "accumulated"))
    assert all(torch.allclose(value, other[name], atol=2e-4) for name, value in one.items())


def test_checkpointing_reaches_decoder_and_image_encoder_and_keeps_dropout(
    folders: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched: set[str] = set()
    forward = AnswerLoss.forward

    def watched(self: AnswerLoss, batch: Any) -> Any:
        switched.update(name for name, part in self.model.named_modules() if getattr(part, "gradient_checkpointing", False))
        return forward(self, batch)

    monkeypatch.setattr(AnswerLoss, "forward", watched)
    run(folders, tmp_path, replace(SHORT, gradient_checkpointing=True))
    assert {"model.layers.1", "model.vision_embed_tokens.img_processor.vision_model.encoder.layers.1"} <= switched
    one, other = checkpoint(whole)["adapter"], checkpoint(tmp_path)["adapter"]
    assert all(torch.allclose(value, other[name], atol=2e-4) for name, value in one.items())


def test_mixed_precision_keeps_the_adapter_in_float32(folders: Path, tmp_path: Path) -> None:
    run(folders, tmp_path, replace(SHORT, precision="bfloat16"), stop_after=1)
    saved = checkpoint(tmp_path)
    assert {value.dtype for value in saved["adapter"].values()} == {torch.float32}
    assert {value.dtype for state in saved["optimizer"]["state"].values() for value in state.values()} == {torch.float32}
    assert all(row["loss"] > 0 for row in history(tmp_path))


def test_a_limit_takes_records_from_all_over(folders: Path, tmp_path: Path) -> None:
    told: list[str] = []
    run(folders, tmp_path, replace(SHORT, limit=4), stop_after=1, progress=told.append)
    assert told[0].startswith("2 first and 2 second questions; ")
    records = [ChainRecord(str(n), "x", "?", "Fear") for n in range(5)]
    assert [record.record_id for record in evenly(records, 2)] == ["0", "2"]
    assert evenly(records, None) == evenly(records, 9) == records


def test_a_loss_that_is_no_number_stops_the_run(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"step 3: the loss is (nan|inf)"):
        run(folders, tmp_path, replace(SHORT, peak_learning_rate=1e30, warm_up_ratio=0.3))


def test_errors_before_anything_is_loaded(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="found none; train it first"):
        run(folders, tmp_path, resume=True)
    with pytest.raises(DatasetError, match=r"train\.json: record 4 \(id 0001_1\): no picture train_0001\.png in"):
        run(folders, tmp_path / "a", images=[folders / "set" / "basic"])
    with pytest.raises(ModelNotFoundError, match=r"config\.json: no such file; name a folder that holds the whole checkpoint"):
        train_chain_of_affect(model=tmp_path, data=folders / "set" / "train.json", images=[], out=tmp_path, device="cpu")
    if not torch.cuda.is_available():
        with pytest.raises(SettingsError, match="torch finds none; try --device cpu"):
            run(folders, tmp_path / "b", device="cuda")
