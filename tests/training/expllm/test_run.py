"""A tiny network learns a few faces, from files to files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("accelerate", reason="needs the vlm extra")

from realtime_fer.datasets.expllm_records import expllm_faces, read_expllm_list  # noqa: E402
from realtime_fer.errors import DatasetError, ModelError, SettingsError  # noqa: E402
from realtime_fer.networks.expllm.checkpoint import load_expllm  # noqa: E402
from realtime_fer.networks.expllm.generation import padded  # noqa: E402
from realtime_fer.networks.expllm.model import ExpLlm  # noqa: E402
from realtime_fer.networks.expllm.tokenizer import ExpLlmTokenizer  # noqa: E402
from realtime_fer.training.expllm.examples import ExpLlmExamples, collate  # noqa: E402
from realtime_fer.training.expllm.objective import AnswerLoss  # noqa: E402
from realtime_fer.training.expllm.recipe import ExpLlmRecipe  # noqa: E402
from realtime_fer.training.expllm.run import train_expllm  # noqa: E402
from realtime_fer.training.expllm.start import Start  # noqa: E402
from realtime_fer.training.vlm import run_folder  # noqa: E402
from realtime_fer.training.vlm.order import Draw  # noqa: E402
from tests.networks.expllm.tiny import VISION  # noqa: E402
from tests.training.expllm.tiny_set import TINY, save_checkpoint, save_parts, save_set  # noqa: E402

pytestmark = pytest.mark.torch

SHORT = replace(TINY, batch=2, micro_batch=1, epochs=1, augmentation=True, questions="random")
"""Four steps, with everything that is random."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("expllm")
    save_checkpoint(folder / "model")
    (folder / "set").mkdir()
    save_set(folder / "set")
    return folder


@pytest.fixture(autouse=True)
def no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would take longer than the training."""
    monkeypatch.setattr(run_folder, "draw_panels", lambda *_: None)


def run(folders: Path, out: Path, recipe: ExpLlmRecipe = SHORT, **options: Any) -> Path:
    data = folders / "set"
    given: dict[str, Any] = {"start": Start(folders / "model", vision=VISION), "device": "cpu", **options}
    return train_expllm(data=data / "train.txt", root=data, out=out, recipe=recipe, **given)


@pytest.fixture(scope="module")
def whole(folders: Path) -> Path:
    """A run that nobody stopped."""
    run(folders, folders / "whole", merge_out=folders / "whole-model")
    return folders / "whole"


def checkpoint(out: Path) -> dict[str, Any]:
    saved: dict[str, Any] = torch.load(out / "last.pt", weights_only=True)
    return saved


def history(out: Path) -> list[dict[str, float]]:
    rows: list[dict[str, float]] = json.loads((out / "history.json").read_text())
    return rows


def loss_of(folders: Path, model: ExpLlm) -> float:
    """Of all records as they are."""
    data = folders / "set"
    faces = expllm_faces(read_expllm_list(data / "train.txt", data), 0)
    examples = ExpLlmExamples(faces, ExpLlmTokenizer.from_folder(folders / "model"), TINY)
    with torch.no_grad():
        return float(AnswerLoss(model, "float32")(collate([examples[Draw(index, 0)] for index in range(len(faces))])))


def test_the_loss_falls_and_the_merged_folder_carries_it(folders: Path, tmp_path: Path) -> None:
    told: list[str] = []
    trained = run(folders, tmp_path / "run", TINY, merge_out=tmp_path / "whole", progress=told.append)
    losses = [row["loss"] for row in history(tmp_path / "run")]
    assert len(losses) == 9
    assert losses[-1] < losses[0] - 1
    assert trained == tmp_path / "run" / "trained"
    before = load_expllm(folders / "model", dtype=torch.float32, vision=VISION)
    after = load_expllm(tmp_path / "whole", dtype=torch.float32, vision=VISION)
    assert loss_of(folders, after) < loss_of(folders, before) - 1
    assert told[0].startswith("9 faces, 1 with a description; ")
    assert told[-2].startswith("step 9/9, epoch 4.00/4, loss ")
    # Frozen weights are what they were.
    kept = {name: value for name, value in before.named_parameters() if ".lora_" not in name and "projector" not in name}
    assert all(torch.equal(value, after.get_parameter(name)) for name, value in kept.items())
    changed = [name for name, value in before.named_parameters() if not torch.equal(value, after.get_parameter(name))]
    assert {name.split(".")[0] for name in changed} == {"vision", "projector", "language"}


def test_the_reasoners_loader_reads_the_merged_folder(folders: Path, whole: Path) -> None:
    loading = pytest.importorskip("realtime_fer.reasoning.expllm.loading")
    placement = pytest.importorskip("realtime_fer.reasoning.placement")
    where = placement.choose_placement(device="cpu", dtype="float32", bits=None, device_map=None, threads=None)
    read = loading.load_converted(folders / "whole-model", where, verify=True)
    trained = checkpoint(whole)["trained"]
    assert all(torch.equal(read.get_parameter(name), value) for name, value in trained.items())
    tokenizer = ExpLlmTokenizer.from_folder(folders / "whole-model")
    assert padded([tokenizer.encode("T")], 0)[0].shape[0] == 1


def test_a_resumed_run_ends_as_the_uninterrupted_one(folders: Path, whole: Path, tmp_path: Path) -> None:
    """To the last bit: weights, optimiser, schedule, order of records and questions, augmentation, dropout."""
    run(folders, tmp_path, stop_after=3)
    assert checkpoint(tmp_path)["step"] == 3
    torch.manual_seed(999)
    # The recipe of the run counts, not the one given now.
    run(folders, tmp_path, replace(SHORT, seed=1, epochs=9), resume=True)
    one, other = checkpoint(whole), checkpoint(tmp_path)
    assert one["recipe"] == other["recipe"]
    assert one["trained"].keys() == other["trained"].keys()
    assert all(torch.equal(value, other["trained"][name]) for name, value in one["trained"].items())
    states, again = one["optimizer"]["state"], other["optimizer"]["state"]
    assert states
    assert all(torch.equal(states[n][key], again[n][key]) for n in states for key in states[n])
    for row, resumed in zip(history(whole), history(tmp_path), strict=True):
        assert {**row, "seconds": 0} == {**resumed, "seconds": 0}


def test_a_finished_run_can_be_merged_later(folders: Path, whole: Path, tmp_path: Path) -> None:
    run(folders, whole, resume=True, merge_out=tmp_path / "later")
    first, later = (
        load_expllm(path, dtype=torch.float32, vision=VISION) for path in (folders / "whole-model", tmp_path / "later")
    )
    assert all(torch.equal(value, later.get_parameter(name)) for name, value in first.named_parameters())


def test_from_vicuna_and_dinov2(folders: Path, tmp_path: Path) -> None:
    start = save_parts(tmp_path / "parts")
    run(folders, tmp_path / "run", replace(TINY, rank=3, epochs=2), start=start, merge_out=tmp_path / "whole")
    losses = [row["loss"] for row in history(tmp_path / "run")]
    assert losses[-1] < losses[0] - 0.4
    read = load_expllm(tmp_path / "whole", dtype=torch.float32, vision=VISION)
    assert (read.config.rank, read.config.alpha) == (3, 4)
    assert read.language.model.layers[0].self_attn.q_proj.lora_A["default"].weight.shape[0] == 3


def test_checkpointing_changes_nothing(folders: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    switched: set[str] = set()
    forward = AnswerLoss.forward

    def watched(self: AnswerLoss, batch: Any) -> Any:
        switched.update(name for name, part in self.model.named_modules() if getattr(part, "gradient_checkpointing", False))
        return forward(self, batch)

    monkeypatch.setattr(AnswerLoss, "forward", watched)
    run(folders, tmp_path, replace(SHORT, gradient_checkpointing=True))
    assert {"language.model.layers.1", "vision.encoder.layer.0"} <= switched
    one, other = checkpoint(whole)["trained"], checkpoint(tmp_path)["trained"]
    assert all(torch.allclose(value, other[name], atol=2e-3) for name, value in one.items())


def test_mixed_precision_keeps_what_learns_in_float32(folders: Path, tmp_path: Path) -> None:
    run(folders, tmp_path / "run", replace(SHORT, precision="bfloat16"), stop_after=1, merge_out=tmp_path / "whole")
    saved = checkpoint(tmp_path / "run")
    assert {value.dtype for value in saved["trained"].values()} == {torch.float32}
    assert {value.dtype for state in saved["optimizer"]["state"].values() for value in state.values()} == {torch.float32}
    assert all(row["loss"] > 0 for row in history(tmp_path / "run"))
    journal = json.loads((tmp_path / "whole" / "conversion.json").read_text())
    assert journal["dtype"] == "torch.bfloat16"


def test_a_loss_that_is_no_number_stops_the_run(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"step \d: the loss is (nan|inf)"):
        run(folders, tmp_path, replace(SHORT, peak_learning_rate=1e30, warm_up_ratio=0.3))


def test_errors_before_anything_is_loaded(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="found none; train it first"):
        run(folders, tmp_path, resume=True)
    with pytest.raises(
        SettingsError, match="expected those of the checkpoint, 2 and 4, found 8 and 16; give --rank 2 --alpha 4"
    ):
        run(folders, tmp_path, ExpLlmRecipe())
    if not torch.cuda.is_available():
        with pytest.raises(SettingsError, match="torch finds none; try --device cpu"):
            run(folders, tmp_path, device="cuda")
