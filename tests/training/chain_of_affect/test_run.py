"""A tiny network learns a generated set, from files to files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("accelerate", reason="needs the vlm extra")

from realtime_fer.datasets.chain_records import ChainRecord  # noqa: E402
from realtime_fer.errors import DatasetError, ModelNotFoundError  # noqa: E402
from realtime_fer.networks.phi3_vision.checkpoint import load_phi3_vision  # noqa: E402
from realtime_fer.networks.phi3_vision.lora import LoraAdapter  # noqa: E402
from realtime_fer.training.chain_of_affect.examples import ChainExamples, collate  # noqa: E402
from realtime_fer.training.chain_of_affect.objective import ChainLoss  # noqa: E402
from realtime_fer.training.chain_of_affect.run import train_chain_of_affect  # noqa: E402
from realtime_fer.training.vlm.order import Draw  # noqa: E402
from realtime_fer.training.vlm.processes import evenly  # noqa: E402
from tests.networks.phi3_vision.tiny import TOWER, tiny_tokenizer  # noqa: E402
from tests.training.chain_of_affect.tiny_set import SHORT, TINY, generated_records, save_all, train  # noqa: E402
from tests.training.vlm.runs import checkpoint, history, no_curves  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("no_curves")]
__all__ = ["no_curves"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chain")
    save_all(folder)
    return folder


@pytest.fixture(scope="module")
def whole(folders: Path) -> Path:
    """A run that nobody stopped."""
    train(folders, folders / "whole")
    return folders / "whole"


def loss_with(folders: Path, adapter: Path | None) -> float:
    """Of all records, by a model that was read from files."""
    lora = None if adapter is None else LoraAdapter.from_folder(adapter)
    model = load_phi3_vision(folders / "model", dtype=torch.float32, adapter=lora, tower=TOWER)
    paths = {path.name: path for path in (folders / "set").rglob("*.png")}
    examples = ChainExamples(generated_records(), paths, tiny_tokenizer(), 1)
    with torch.no_grad():
        return float(ChainLoss(model, "float32")(collate([examples[Draw(index, 0)] for index in range(len(examples))])))


def test_the_loss_falls_and_the_saved_adapter_carries_it(folders: Path, tmp_path: Path) -> None:
    told: list[str] = []
    adapter = train(folders, tmp_path, TINY, progress=told.append)
    losses = [row["loss"] for row in history(tmp_path)]
    assert len(losses) == 8
    assert losses[-1] < losses[0] - 2
    assert adapter == tmp_path / "lora"
    assert loss_with(folders, None) == pytest.approx(losses[0], abs=1.5)
    assert loss_with(folders, adapter) < loss_with(folders, None) - 1
    assert told[0].startswith("4 first and 4 second questions; ")
    assert told[-1].startswith("step 8/8, epoch 4.00/4, loss ")


def test_what_a_run_leaves(whole: Path) -> None:
    assert (whole / "lora" / "adapter_model.safetensors").is_file()
    rows = history(whole)
    assert [row["epoch"] for row in rows] == [0.25, 0.5, 0.75, 1.0]
    assert [row["rate"] for row in rows] == [SHORT.share_of_peak(step, 4) for step in range(4)]


def test_an_accumulated_batch_is_a_batch(folders: Path, tmp_path: Path) -> None:
    """Every record here has as many learned tokens, so that a mean of means is the mean."""
    plain = replace(SHORT, dropout=0.0, micro_batch=2)
    for name, recipe in (("plain", plain), ("accumulated", replace(plain, micro_batch=1))):
        train(folders, tmp_path / name, recipe, stop_after=2)
    # The optimiser forgives a gradient of another size; its norm does not.
    for row, again in zip(history(tmp_path / "plain"), history(tmp_path / "accumulated"), strict=True):
        assert (row["loss"], row["gradient_norm"]) == pytest.approx((again["loss"], again["gradient_norm"]), rel=1e-3)
    one, other = (checkpoint(tmp_path / name)["adapter"] for name in ("plain", "accumulated"))
    assert all(torch.allclose(value, other[name], atol=2e-4) for name, value in one.items())


def test_a_limit_takes_records_from_all_over(folders: Path, tmp_path: Path) -> None:
    told: list[str] = []
    train(folders, tmp_path, replace(SHORT, limit=4), stop_after=1, progress=told.append)
    assert told[0].startswith("2 first and 2 second questions; ")
    records = [ChainRecord(str(n), "x", "?", "Fear") for n in range(5)]
    assert [record.record_id for record in evenly(records, 2)] == ["0", "2"]
    assert evenly(records, None) == evenly(records, 9) == records


def test_errors_before_anything_is_loaded(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"train\.json: record 4 \(id 0001_1\): no picture train_0001\.png in"):
        train(folders, tmp_path / "a", images=[folders / "set" / "basic"])
    with pytest.raises(ModelNotFoundError, match=r"config\.json: no such file; name a folder that holds the whole checkpoint"):
        train_chain_of_affect(model=tmp_path, data=folders / "set" / "train.json", images=[], out=tmp_path, device="cpu")
