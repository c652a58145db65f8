"""Both stages on twelve small faces, with a network of milliseconds; `epochs`, `stages` and `trained` come with it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from PIL import Image  # noqa: E402

from realtime_fer.errors import DatasetError, ModelCorruptError, ModelNotFoundError  # noqa: E402
from realtime_fer.training.fmpn import epochs  # noqa: E402
from realtime_fer.training.fmpn.run import train_fmpn  # noqa: E402
from realtime_fer.training.fmpn.trained import load_generator_state, load_trained, split_states  # noqa: E402
from realtime_fer.training.loop.progress import PlainProgress  # noqa: E402
from tests.networks.fmpn.tiny import SIZE_PX  # noqa: E402
from tests.training.fmpn.pictures import LABELS, write_fold, write_folders  # noqa: E402
from tests.training.fmpn.settings import CLASSIFIER, COMPACT, MASKS, SILENT  # noqa: E402

# Seconds of work, but a busy machine shares them out.
pytestmark = [pytest.mark.torch, pytest.mark.timeout(300)]

drawn: list[tuple[Path, list[str]]] = []
"""Curves files that were asked for, and the columns of the history in them."""


@pytest.fixture(scope="module", autouse=True)
def no_drawing() -> Iterator[None]:
    """Drawing takes longer than training here."""

    def draw(history: Any, panels: Any, path: Path) -> None:
        columns = [column for panel in panels for column in panel.lines]
        assert set(columns) <= set(history[-1])
        drawn.append((path, columns))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(epochs, "draw_panels", draw)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folders(tmp_path_factory.mktemp("data") / "faces")


@pytest.fixture(scope="module")
def masks_run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("masks")
    train_fmpn(data=data, out=out, **{**SILENT, **MASKS})
    return out


@pytest.fixture(scope="module")
def classifier_run(data: Path, masks_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("classifier")
    train_fmpn(data=data, out=out, generator=masks_run / "masks" / "last.pt", **{**SILENT, **CLASSIFIER})
    return out


def saved(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(path, weights_only=True)
    return found


def same_state(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def same_optimizer(a: dict[str, Any], b: dict[str, Any]) -> bool:
    one, other = a["optimizer"]["state"], b["optimizer"]["state"]
    return bool(one) and one.keys() == other.keys() and all(same_state(one[index], other[index]) for index in one)


def test_the_first_stage_learns_the_masks(masks_run: Path) -> None:
    history = json.loads((masks_run / "masks" / "history.json").read_text())
    losses = [row["loss"] for row in history]
    assert losses[-1] < 0.8 * losses[0]
    assert [row["rate_factor"] for row in history] == pytest.approx([1, 2 / 3, 1 / 3, 0])
    assert all(row["held_out_loss"] > 0 for row in history)
    assert drawn.count((masks_run / "masks" / "curves.png", ["loss", "held_out_loss"])) == 4
    names = {path.name for path in (masks_run / "masks").iterdir()}
    assert names == {"last.pt", "history.json", "history.csv", "4_net_resface.pth"}
    rows = list(csv.DictReader((masks_run / "masks" / "history.csv").read_text().splitlines()))
    assert list(rows[0]) == ["epoch", "loss", "held_out_loss", "rate_factor", "seconds"]
    assert [float(row["loss"]) for row in rows] == losses
    assert sorted(path.name for path in (masks_run / "pseudo-masks").iterdir()) == sorted(f"{label}.png" for label in LABELS)
    written = load_generator_state(masks_run / "masks" / "4_net_resface.pth")
    assert same_state(dict(written), dict(load_generator_state(masks_run / "masks" / "last.pt")))


def test_the_second_stage_begins_with_the_first_and_learns_the_classes(masks_run: Path, classifier_run: Path) -> None:
    contents = saved(classifier_run / "classifier" / "last.pt")
    history = contents["history"]
    assert history[-1]["cross_entropy"] < history[0]["cross_entropy"]
    assert {"mask_error", "war", "held_out_cross_entropy", "held_out_mask_error", "held_out_war", "held_out_uar"} <= set(
        history[0]
    )
    columns = next(columns for path, columns in drawn if path == classifier_run / "classifier" / "curves.png")
    assert columns == [c for name in ("cross_entropy", "mask_error", "war") for c in (name, f"held_out_{name}")]
    assert contents["labels"] == list(LABELS)
    assert contents["held_out_logits"].shape == (len(contents["held_out_labels"]), 3)
    assert contents["epoch"] == 3
    # At a ten-thousandth the generator hardly moved from where the first stage left it.
    name = "feature_extractor.0.weight"
    before, after = load_generator_state(masks_run / "masks" / "last.pt")[name], contents["model"][f"net_resface.{name}"]
    assert 0 < (after - before).abs().max() < 1e-3
    trained = load_trained(classifier_run / "classifier")
    assert (trained.labels, trained.size_px, trained.epochs) == (LABELS, SIZE_PX, 3)
    assert trained.held_out is not None
    authors = load_trained(classifier_run / "classifier" / "3_net_cls.pth", size_px=SIZE_PX)
    assert same_state(authors.model.state_dict(), trained.model.state_dict())
    assert (authors.labels, authors.held_out, authors.epochs) == (None, None, None)
    assert same_state(dict(split_states(contents["model"])["cls"]), trained.model.net_cls.state_dict())


@pytest.mark.parametrize("stage", ["masks", "classifier"])
def test_a_resumed_run_equals_an_uninterrupted_one(
    data: Path, tmp_path: Path, masks_run: Path, classifier_run: Path, stage: str
) -> None:
    settings: dict[str, Any] = {**SILENT, **(MASKS if stage == "masks" else CLASSIFIER)}
    generator = masks_run / "masks" / "last.pt"
    train_fmpn(data=data, out=tmp_path, generator=generator, stop_after=1, **settings)
    assert saved(tmp_path / stage / "last.pt")["epoch"] == 1
    torch.rand(5)
    # Only the stage is told again: the rest is the recipe's.
    train_fmpn(data=data, out=tmp_path, stage=settings["stage"], resume=True, **SILENT)
    parts, whole = (saved(folder / stage / "last.pt") for folder in (tmp_path, {"masks": masks_run}.get(stage, classifier_run)))
    assert same_state(parts["model"], whole["model"])
    assert same_optimizer(parts, whole)
    assert parts["epoch"] == whole["epoch"] == settings["epochs"]
    assert [row["loss"] for row in parts["history"]] == [row["loss"] for row in whole["history"]]
    train_fmpn(data=data, out=tmp_path, stage=settings["stage"], resume=True, **SILENT)
    assert len(saved(tmp_path / stage / "last.pt")["history"]) == settings["epochs"]


def test_the_paper_protocol_knows_people_and_no_neutral_class(data: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    settings: dict[str, Any] = {
        **SILENT,
        **MASKS,
        "epochs": 1,
        "progress": PlainProgress(lines.append),
        "people_in_names": True,
        "without_neutral": True,
    }
    train_fmpn(data=data, out=tmp_path, limit=4, **settings)
    contents = saved(tmp_path / "masks" / "last.pt")
    assert contents["labels"] == ["happiness", "surprise"]
    assert contents["recipe"]["decay_epochs"] == 0
    # One of the four people is held out with both faces; of the other six faces four are used.
    assert lines[0] == f"4 faces of 2 classes, 2 held out; masks: {tmp_path / 'pseudo-masks'}; on 1 x cpu"
    assert lines[1].startswith("epoch 1, loss ")
    following = f"train fmpn --stage classifier --data {data} --out {tmp_path}, with the other options as they were"
    assert lines[2:] == [f"checkpoint: {tmp_path / 'masks' / 'last.pt'}; next: realtime-fer {following}"]
    ready = tmp_path / "pseudo-masks"
    train_fmpn(data=data, out=tmp_path / "again", masks=ready, **{**settings, "held_out": 0})
    assert any(line.startswith("8 faces of 2 classes, 0 held out") for line in lines)
    assert "held_out_loss" not in saved(tmp_path / "again" / "masks" / "last.pt")["history"][0]


def test_what_is_missing_is_named(data: Path, tmp_path: Path, masks_run: Path) -> None:
    with pytest.raises(ModelNotFoundError) as raised:
        train_fmpn(data=tmp_path / "not-even-looked-at", out=tmp_path, **{**SILENT, **CLASSIFIER})
    first = f"realtime-fer train fmpn --stage masks --data {tmp_path / 'not-even-looked-at'} --out {tmp_path}"
    assert str(raised.value).startswith(f"{tmp_path / 'masks' / 'last.pt'}: expected the mask generator of the first stage")
    assert str(raised.value).endswith(first)
    absent = tmp_path / "absent.pt"
    with pytest.raises(ModelNotFoundError, match=r"absent\.pt: expected a checkpoint of an FMPN training"):
        train_fmpn(data=data, out=tmp_path, generator=absent, **{**SILENT, **CLASSIFIER})
    with pytest.raises(DatasetError, match="at least 75 pixels, found 16"):
        train_fmpn(data=data, out=tmp_path, generator=absent, **{**SILENT, **CLASSIFIER, "size_px": 16})
    with pytest.raises(DatasetError, match="found none"):
        train_fmpn(data=data, out=tmp_path, stage="masks", resume=True, **SILENT)
    with pytest.raises(DatasetError, match="'calm', found happiness, neutral, surprise"):
        train_fmpn(data=data, out=tmp_path, neutral="calm", without_neutral=True, **{**SILENT, **MASKS})
    with pytest.raises(ModelCorruptError, match="second stage, found one of another"):
        load_trained(masks_run / "masks" / "last.pt")
    torch.save({"recipe": {"epochs": 3}}, tmp_path / "other.pt")
    with pytest.raises(ModelCorruptError, match="found one of another training"):
        load_generator_state(tmp_path / "other.pt")
    torch.save([1], tmp_path / "other.pt")
    with pytest.raises(ModelCorruptError, match="found another file"):
        load_generator_state(tmp_path / "other.pt")


def test_a_run_is_not_resumed_on_other_classes(data: Path, tmp_path: Path) -> None:
    train_fmpn(data=data, out=tmp_path, stop_after=1, **{**SILENT, **MASKS})
    other = write_folders(tmp_path / "other")
    (other / "surprise").rename(other / "fear")
    with pytest.raises(DatasetError, match=r"happiness, neutral, surprise\), found fear, happiness, neutral"):
        train_fmpn(data=other, out=tmp_path, stage="masks", resume=True, **SILENT)


def test_a_run_is_resumed_on_its_own_faces_alone(data: Path, tmp_path: Path) -> None:
    train_fmpn(data=data, out=tmp_path, stop_after=1, **{**SILENT, **MASKS})
    others = write_folders(tmp_path / "others", people=5)
    with pytest.raises(DatasetError, match=r"last\.pt: was made with other --data"):
        train_fmpn(data=others, out=tmp_path, stage="masks", resume=True, **SILENT)
    # Checkpoints of earlier versions do not say what they were made with.
    last = tmp_path / "masks" / "last.pt"
    torch.save({name: value for name, value in saved(last).items() if name != "data"}, last)
    train_fmpn(data=others, out=tmp_path, stage="masks", resume=True, stop_after=2, **SILENT)
    assert saved(last)["epoch"] == 2


@pytest.fixture(scope="module")
def compact_run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("compact")
    train_fmpn(data=data, out=out, stage="masks", epochs=1, **{**SILENT, **COMPACT})
    train_fmpn(data=data, out=out, stage="classifier", epochs=2, **{**SILENT, **COMPACT})
    return out


def test_a_compact_classifier_is_taught_as_ours_are(compact_run: Path) -> None:
    contents = saved(compact_run / "classifier" / "last.pt")
    recipe = contents["recipe"]
    assert (recipe["size_px"], recipe["batch"], recipe["peak_learning_rate"], recipe["weight_decay"]) == (48, 4, 3e-3, 0.05)
    assert recipe["generator_learning_rate"] == pytest.approx(3e-4)
    # What counts is the moving average, and authors' files are only for networks of theirs.
    trained = load_trained(compact_run / "classifier")
    assert same_state(trained.model.state_dict(), contents["average"])
    assert not same_state(contents["average"], contents["model"])
    assert (trained.size_px, trained.whole_faces, trained.grey_faces, trained.has_mask) == (48, True, True, True)
    assert not list((compact_run / "classifier").glob("*.pth"))
    before = saved(compact_run / "masks" / "last.pt")["average"]
    assert same_state(dict(load_generator_state(compact_run / "masks" / "last.pt")), before)


def test_a_resumed_compact_run_equals_an_uninterrupted_one(data: Path, compact_run: Path, tmp_path: Path) -> None:
    generator = compact_run / "masks" / "last.pt"
    more: dict[str, Any] = {**SILENT, **COMPACT, "generator": generator}
    train_fmpn(data=data, out=tmp_path, stage="classifier", epochs=2, stop_after=1, **more)
    train_fmpn(data=data, out=tmp_path, stage="classifier", resume=True, **SILENT)
    parts, whole = (saved(folder / "classifier" / "last.pt") for folder in (tmp_path, compact_run))
    assert same_state(parts["average"], whole["average"])
    assert same_state(parts["model"], whole["model"])
    assert same_optimizer(parts, whole)


def test_without_a_mask_nothing_is_needed_of_the_first_stage(data: Path, tmp_path: Path) -> None:
    train_fmpn(data=data, out=tmp_path, stage="classifier", epochs=1, without_mask=True, **{**SILENT, **COMPACT})
    contents = saved(tmp_path / "classifier" / "last.pt")
    assert not any(name.startswith("net_resface") for name in contents["model"])
    assert "mask_error" not in contents["history"][0]
    assert "held_out_mask_error" not in contents["history"][0]
    trained = load_trained(tmp_path / "classifier")
    assert not trained.has_mask
    grey = torch.rand(1, 1, 48, 48)
    with torch.no_grad():
        assert torch.equal(trained.model(grey.expand(-1, 3, -1, -1), grey).focus, grey)


def test_one_epoch_learns_and_a_few_say_what_the_last_one_does(data: Path, tmp_path: Path) -> None:
    def told(out: str, **changes: Any) -> tuple[list[str], dict[str, Any]]:
        lines: list[str] = []
        settings: dict[str, Any] = {**SILENT, **MASKS, "progress": PlainProgress(lines.append), **changes}
        train_fmpn(data=data, out=tmp_path / out, **settings)
        return lines, saved(tmp_path / out / "masks" / "last.pt")

    lines, contents = told("one", epochs=1)
    assert contents["history"][0]["rate_factor"] == 1
    assert not any("learning rate of 0" in line for line in lines)
    lines, _ = told("two", epochs=2, stop_after=1)
    assert lines[1] == "of these 2 epochs the last has a learning rate of 0, as published"
    assert lines[-1].endswith("next: the same command with --resume, without --stop-after (1 of 2 epochs are done)")
    again: dict[str, Any] = {**SILENT, "stage": "masks", "resume": True, "progress": PlainProgress(lines.append)}
    train_fmpn(data=data, out=tmp_path / "two", **again)
    assert any(line.startswith("goes on after epoch 1 of 2 by the recipe of the run; options") for line in lines)
    assert "next: realtime-fer train fmpn --stage classifier" in lines[-1]
    train_fmpn(data=data, out=tmp_path / "two", stop_after=1, **again)
    assert "next: realtime-fer train fmpn --stage classifier" in lines[-1]


def test_published_rates_are_the_defaults_of_the_published_schedule(masks_run: Path, data: Path, tmp_path: Path) -> None:
    train_fmpn(data=data, out=tmp_path, stage="masks", size_px=16, channels=4, blocks=1, epochs=1, **SILENT)
    recipe = saved(tmp_path / "masks" / "last.pt")["recipe"]
    assert (recipe["peak_learning_rate"], recipe["generator_learning_rate"], recipe["weight_decay"]) == (1e-4, 1e-5, 0.0)
    assert (recipe["batch"], recipe["classifier"], recipe["schedule"]) == (32, "inception", "published")
    assert "average" not in saved(tmp_path / "masks" / "last.pt")


def test_a_compact_classifier_has_one_size(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="needs 48 pixels, found 64"):
        train_fmpn(data=data, out=tmp_path, stage="classifier", size_px=64, generator=tmp_path, **{**SILENT, **COMPACT})


def test_a_published_fold_is_trained_on_its_list_with_its_masks(tmp_path: Path) -> None:
    """A miniature of the authors' folder of CK+."""
    root = write_fold(tmp_path / "ckplus", fold=3)
    lines: list[str] = []
    settings: dict[str, Any] = {**SILENT, **MASKS, "epochs": 1, "progress": PlainProgress(lines.append), "held_out": 0}
    train_fmpn(data=root, out=tmp_path / "run", layout="fmpn", fold=3, **settings)
    assert lines[0].startswith("7 faces of 7 classes, 0 held out")
    contents = saved(tmp_path / "run" / "masks" / "last.pt")
    assert contents["labels"] == ["anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"]
    assert (contents["recipe"]["layout"], contents["recipe"]["fold"]) == ("fmpn", 3)
    used = Image.open(tmp_path / "run" / "pseudo-masks" / "fear.png")
    assert used.tobytes() == Image.open(root / "imgs_res" / "3" / "3.png").tobytes()
    with pytest.raises(DatasetError, match=r"run.masks: expected a folder without a run, found last\.pt; --resume it"):
        train_fmpn(data=root, out=tmp_path / "run", layout="fmpn", fold=3, **settings)
    with pytest.raises(DatasetError, match=r"expected the number of a fold, 0 to 9, found none; give --fold"):
        train_fmpn(data=root, out=tmp_path / "other", layout="fmpn", **settings)
    with pytest.raises(DatasetError, match=r"train_ids_4\.csv"):
        train_fmpn(data=root, out=tmp_path / "other", layout="fmpn", fold=4, **settings)
    (root / "imgs_res" / "3" / "6.png").unlink()
    with pytest.raises(DatasetError, match=r"expected surprise\.png or 6\.png"):
        train_fmpn(data=root, out=tmp_path / "other", layout="fmpn", fold=3, **settings)
