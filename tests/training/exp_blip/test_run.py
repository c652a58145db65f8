"""A tiny network learns a few captions, from files to files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("accelerate", reason="needs the vlm extra")

from realtime_fer.datasets.exp_blip_captions import captioned_faces  # noqa: E402
from realtime_fer.errors import ModelCorruptError, ModelShapeError, SettingsError  # noqa: E402
from realtime_fer.networks.exp_blip.checkpoint import load_exp_blip  # noqa: E402
from realtime_fer.networks.exp_blip.convert import convert_exp_blip  # noqa: E402
from realtime_fer.networks.exp_blip.converted import load_converted  # noqa: E402
from realtime_fer.networks.exp_blip.model import ExpBlip  # noqa: E402
from realtime_fer.training.exp_blip.examples import CaptionExamples, Collate  # noqa: E402
from realtime_fer.training.exp_blip.objective import CaptionLoss  # noqa: E402
from realtime_fer.training.exp_blip.start import Start  # noqa: E402
from realtime_fer.training.vlm.order import Draw  # noqa: E402
from tests.networks.exp_blip.tiny import tiny_tokenizer  # noqa: E402
from tests.training.exp_blip.tiny_set import SHORT, SIZES, TINY, save_all, start_of, train  # noqa: E402
from tests.training.vlm.runs import checkpoint, history, no_curves  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("no_curves")]
__all__ = ["no_curves"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exp_blip")
    save_all(folder)
    return folder


@pytest.fixture(scope="module")
def whole(folders: Path) -> Path:
    """A run that nobody stopped."""
    train(folders, folders / "whole")
    return folders / "whole"


def loss_of(folders: Path, model: ExpBlip) -> float:
    faces = captioned_faces([folders / "set" / "captions.json"], [folders / "set" / "faces"])
    examples = CaptionExamples(faces, tiny_tokenizer(), SIZES, TINY)
    batch = Collate(SIZES.opt_pad_id)([examples[Draw(index, 0)] for index in range(len(faces))])
    with torch.no_grad():
        return float(CaptionLoss(model.eval(), "float32")(batch))


def test_the_loss_falls_and_what_is_written_converts_and_loads(folders: Path, tmp_path: Path) -> None:
    told: list[str] = []
    weights = train(folders, tmp_path / "run", replace(TINY, epochs=10), progress=told.append)
    losses = [row["loss"] for row in history(tmp_path / "run")]
    assert len(losses) == 20
    assert losses[-1] < losses[0] - 0.5
    opt = folders / "model" / "opt"
    convert_exp_blip(weights, tmp_path / "converted", opt, dtype=torch.float32, sizes=SIZES)
    after = load_converted(tmp_path / "converted")
    before = load_exp_blip(folders / "model" / "stage2.pth", opt, sizes=SIZES)
    assert loss_of(folders, after) < loss_of(folders, before) - 0.5
    for name, value in before.named_parameters():
        assert torch.equal(value, after.get_parameter(name)) == name.startswith("blip.language_model."), name
    assert not any(name.startswith("opt_model.") for name in torch.load(weights, weights_only=True)["model"])
    assert told[0].startswith("4 captions; ")
    assert told[-1].startswith("step 20/20, epoch 10.00/10, loss ")


def test_the_authors_missing_bias_stays_missing(folders: Path, whole: Path) -> None:
    """What the network computes in training is what the file says: there is no bias of keys in it."""
    trained = checkpoint(whole)["trained"]
    biases = [value.unflatten(0, (3, -1)) for name, value in trained.items() if name.endswith("qkv.bias")]
    assert len(biases) == SIZES.vision_layers
    assert all(bool((bias[1] == 0).all()) and bool((bias[[0, 2]] != 0).all()) for bias in biases)
    read = load_exp_blip(whole / "exp_blip.pth", folders / "model" / "opt", sizes=SIZES)
    assert all(torch.equal(read.get_parameter(name), value) for name, value in trained.items())


def test_from_a_file_of_the_first_stage(folders: Path, tmp_path: Path) -> None:
    train(folders, tmp_path / "run", start=start_of(folders, "stage1.pth"), stop_after=1)
    read = load_exp_blip(tmp_path / "run" / "exp_blip.pth", folders / "model" / "opt", sizes=SIZES)
    assert float(read.blip.language_projection.weight.detach().abs().max()) < 0.5
    state = torch.load(folders / "model" / "stage1.pth", weights_only=True)["model"]
    torch.save({"model": {name: value for name, value in state.items() if "visual" not in name}}, tmp_path / "no_vit.pth")
    with pytest.raises(ModelCorruptError, match="it must hold the image encoder too"):
        train(folders, tmp_path / "again", start=Start(tmp_path / "no_vit.pth", folders / "model" / "opt", SIZES))


def test_precision(folders: Path, tmp_path: Path) -> None:
    """What learns stays in float32; on a CPU, float16 is float32, as in the authors' code."""
    train(folders, tmp_path / "half", replace(SHORT, precision="bfloat16"), stop_after=1)
    saved = checkpoint(tmp_path / "half")
    assert {value.dtype for value in saved["trained"].values()} == {torch.float32}
    assert history(tmp_path / "half")[0]["loss"] > 0
    for precision in ("float16", "float32"):
        train(folders, tmp_path / precision, replace(SHORT, precision=precision), stop_after=1)
    assert history(tmp_path / "float16")[0]["loss"] == history(tmp_path / "float32")[0]["loss"]
    assert history(tmp_path / "half")[0]["loss"] != history(tmp_path / "float32")[0]["loss"]


def test_captions_that_are_too_long_are_told_of(folders: Path, tmp_path: Path) -> None:
    told: list[str] = []
    train(folders, tmp_path / "a", replace(SHORT, max_tokens=12), stop_after=1, progress=told.append)
    assert told[0].startswith("warning: 2 of 4 captions are longer than max_tokens (12) and lose their end")
    told.clear()
    train(folders, tmp_path / "b", replace(SHORT, max_tokens=40), stop_after=1, progress=told.append)
    assert not any("warning" in line for line in told)


def test_errors_before_anything_is_loaded(folders: Path, tmp_path: Path) -> None:
    other = replace(start_of(folders), sizes=replace(SIZES, opt_end_id=14))
    with pytest.raises(ModelShapeError, match=r"tokenizer: expected begin, pad and end ids \(2, 1, 14\), found"):
        train(folders, tmp_path / "b", start=other)
    with pytest.raises(SettingsError, match="batch: expected at most the 4 records there are, found 6"):
        train(folders, tmp_path / "a", replace(SHORT, batch=6))
