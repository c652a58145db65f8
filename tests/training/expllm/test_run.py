"""A tiny network learns a few faces, from files to files."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("accelerate", reason="needs the vlm extra")

from realtime_fer.datasets.expllm_records import expllm_faces, read_expllm_list  # noqa: E402
from realtime_fer.errors import ModelError, SettingsError  # noqa: E402
from realtime_fer.networks.expllm.checkpoint import load_expllm  # noqa: E402
from realtime_fer.networks.expllm.generation import padded  # noqa: E402
from realtime_fer.networks.expllm.model import ExpLlm  # noqa: E402
from realtime_fer.networks.expllm.tokenizer import ExpLlmTokenizer  # noqa: E402
from realtime_fer.training.expllm.examples import ExpLlmExamples, collate  # noqa: E402
from realtime_fer.training.expllm.objective import ExpLlmLoss  # noqa: E402
from realtime_fer.training.expllm.recipe import ExpLlmRecipe  # noqa: E402
from realtime_fer.training.expllm.start import Start  # noqa: E402
from realtime_fer.training.vlm.order import Draw  # noqa: E402
from tests.networks.expllm.tiny import VISION  # noqa: E402
from tests.training.expllm.tiny_set import SHORT, TINY, save_all, save_parts, train  # noqa: E402
from tests.training.vlm.runs import checkpoint, history, no_curves  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("no_curves")]
__all__ = ["no_curves"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("expllm")
    save_all(folder)
    return folder


@pytest.fixture(scope="module")
def whole(folders: Path) -> Path:
    """A run that nobody stopped."""
    train(folders, folders / "whole", merge_out=folders / "whole-model")
    return folders / "whole"


def loss_of(folders: Path, model: ExpLlm) -> float:
    """Of all records as they are."""
    data = folders / "set"
    faces = expllm_faces(read_expllm_list(data / "train.txt", data), 0)
    examples = ExpLlmExamples(faces, ExpLlmTokenizer.from_folder(folders / "model"), TINY)
    with torch.no_grad():
        return float(ExpLlmLoss(model, "float32")(collate([examples[Draw(index, 0)] for index in range(len(faces))])))


def test_the_loss_falls_and_the_merged_folder_carries_it(folders: Path, tmp_path: Path) -> None:
    told: list[str] = []
    trained = train(folders, tmp_path / "run", TINY, merge_out=tmp_path / "whole", progress=told.append)
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


def test_a_finished_run_can_be_merged_later(folders: Path, whole: Path, tmp_path: Path) -> None:
    train(folders, whole, resume=True, merge_out=tmp_path / "later")
    first, later = (
        load_expllm(path, dtype=torch.float32, vision=VISION) for path in (folders / "whole-model", tmp_path / "later")
    )
    assert all(torch.equal(value, later.get_parameter(name)) for name, value in first.named_parameters())


def test_from_vicuna_and_dinov2(folders: Path, tmp_path: Path) -> None:
    start = save_parts(tmp_path / "parts")
    train(folders, tmp_path / "run", replace(TINY, rank=3, epochs=2), start=start, merge_out=tmp_path / "whole")
    losses = [row["loss"] for row in history(tmp_path / "run")]
    assert losses[-1] < losses[0] - 0.4
    read = load_expllm(tmp_path / "whole", dtype=torch.float32, vision=VISION)
    assert (read.config.rank, read.config.alpha) == (3, 4)
    assert read.language.model.layers[0].self_attn.q_proj.lora_A["default"].weight.shape[0] == 3


def test_the_merged_folder_says_how_it_is_stored(folders: Path, tmp_path: Path) -> None:
    train(folders, tmp_path / "run", replace(SHORT, precision="bfloat16"), stop_after=1, merge_out=tmp_path / "whole")
    journal = json.loads((tmp_path / "whole" / "conversion.json").read_text())
    assert (journal["dtype"], journal["vision"]) == ("torch.bfloat16", asdict(VISION))


def test_a_converted_folder_says_how_large_its_image_encoder_is(folders: Path, whole: Path, tmp_path: Path) -> None:
    """Nobody has to say it again, to begin with it."""
    train(folders, tmp_path / "run", start=Start(folders / "whole-model"), stop_after=1)
    assert checkpoint(tmp_path / "run")["trained"].keys() == checkpoint(whole)["trained"].keys()


def test_errors_before_anything_is_loaded(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match="expected those of the checkpoint, 2 and 4, found 8 and 16; give --rank 2 --alpha 4"
    ):
        train(folders, tmp_path, ExpLlmRecipe())
    with pytest.raises(ModelError, match="is the folder that training began with"):
        train(folders, tmp_path / "run", merge_out=folders / "model")
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ModelError, match=r"found notes\.txt in it; name another one"):
        train(folders, tmp_path / "run", merge_out=tmp_path)
    assert not (tmp_path / "run").exists()
