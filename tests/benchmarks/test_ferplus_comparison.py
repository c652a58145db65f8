from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from benchmarks import ferplus_comparison, ferplus_comparison_runs  # noqa: E402
from benchmarks.ferplus_comparison import main, markdown  # noqa: E402
from benchmarks.ferplus_comparison_runs import ROWS, evaluate_run, finished, first_faces  # noqa: E402
from realtime_fer.datasets.ferplus import load_ferplus  # noqa: E402
from realtime_fer.errors import DatasetError  # noqa: E402

# Seconds of work, but a busy machine shares them out.
pytestmark = [pytest.mark.torch, pytest.mark.timeout(300)]


def write_faces(path: Path, count: int, seed: int) -> Path:
    """Random faces; the votes go round the eight emotions."""
    votes = np.zeros((count, 10), np.uint8)
    votes[np.arange(count), np.arange(count) % 8] = 10
    images = np.random.default_rng(seed).integers(0, 256, (count, 48, 48), np.uint8)
    np.savez(path, images=images, votes=votes)
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("data")
    return write_faces(folder / "train.npz", 48, 0), write_faces(folder / "valid.npz", 16, 1)


@pytest.fixture(scope="module", autouse=True)
def small() -> Any:
    """Milliseconds a step; what is drawn or repeated would take longer than all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ferplus_comparison_runs, "MASK_EPOCHS", 1)
        patch.setattr(ferplus_comparison_runs, "MASK_CHANNELS", 2)
        patch.setattr(ferplus_comparison_runs, "MASK_BLOCKS", 1)
        patch.setattr("realtime_fer.training.fmpn.epochs.draw_panels", lambda *_: None)
        patch.setattr("realtime_fer.training.emotion_gcn_ferplus.task.draw_panels", lambda *_: None)
        yield


@pytest.fixture(scope="module")
def runs(data: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every row but the taught one, one seed, one epoch."""
    folder = tmp_path_factory.mktemp("runs")
    train, valid = data
    command = ["--train", train, "--valid", valid, "--runs", folder, "--seeds", 4, "--faces", 40, "--epochs", 1]
    assert main([str(word) for word in [*command, "--json", folder / "result.json"]]) == 0
    return folder


def test_every_row_is_trained_and_scored(runs: Path, data: tuple[Path, Path]) -> None:
    result = json.loads((runs / "result.json").read_text())
    assert list(result["rows"]) == [name for name in ROWS if name != "taught"]
    for name, seeds in result["rows"].items():
        assert list(seeds) == ["4"]
        path = ferplus_comparison_runs.checkpoint_of(runs, name, 4)
        assert seeds["4"]["war"] == round(evaluate_run(path, name, data[1]).war, 4)
    assert [(pair["first"], pair["second"]) for pair in result["differences"]] == [
        pair for pair in ferplus_comparison.COMPARED if "taught" not in pair
    ]
    assert result["settings"] == {"faces": 40, "epochs": 1, "seeds": [4]}


def test_rows_are_what_they_say(runs: Path) -> None:
    def recipe(name: str) -> dict[str, Any]:
        path = ferplus_comparison_runs.checkpoint_of(runs, name, 4)
        found: dict[str, Any] = torch.load(path, weights_only=True)["recipe"]
        return found

    assert (recipe("graph")["head"], recipe("linear")["head"], recipe("single")["targets"]) == ("graph", "linear", "majority")
    assert (recipe("linear")["limit"], recipe("linear")["dropout"], recipe("linear")["camera_share"]) == (40, 0.1, 0.5)
    assert (recipe("fmpn")["without_mask"], recipe("fmpn-without-mask")["without_mask"]) == (False, True)
    for key in ("dropout", "camera_share", "peak_learning_rate", "weight_decay", "batch", "epochs"):
        assert recipe("fmpn")[key] == recipe("linear")[key]
    assert (recipe("fmpn")["mask_weight"], recipe("fmpn")["generator_learning_rate"]) == (0.1, pytest.approx(3e-4))
    assert not (runs / "fmpn-without-mask-4" / "masks").exists()
    # One generator begins all seeds.
    masks = torch.load(runs / "fmpn-masks" / "masks" / "last.pt", weights_only=True)
    assert masks["recipe"]["seed"] == 0
    assert not (runs / "fmpn-4" / "masks").exists()


def test_finished_runs_are_taken_and_missing_ones_left_out(
    runs: Path, data: tuple[Path, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ferplus_comparison, "train_row", lambda *_, **__: pytest.fail("trained again"))
    common = ["--valid", str(data[1]), "--runs", str(runs), "--epochs", "1"]
    assert main([*common, "--seeds", "4", "5", "--rows", "linear", "graph"]) == 0
    shown = capsys.readouterr()
    assert "linear, seed 5: no finished run" in shown.err
    assert "| linear head, crowd's votes | 1 |" in shown.out
    assert main([*common, "--seeds", "9", "--rows", "linear"]) == 1


def test_a_run_of_another_recipe_is_refused(runs: Path) -> None:
    path = ferplus_comparison_runs.checkpoint_of(runs, "linear", 4)
    assert finished(path, "linear", 4, 1)
    assert not finished(runs / "none" / "last.pt", "linear", 4, 1)
    for name, seed, epochs, said in (
        ("graph", 4, 1, "head 'linear' instead of 'graph'"),
        ("single", 4, 1, "targets 'votes' instead of 'majority'"),
        ("linear", 5, 1, "seed 4 instead of 5"),
        ("linear", 4, 2, "epochs 1 instead of 2"),
    ):
        with pytest.raises(DatasetError, match=said):
            finished(path, name, seed, epochs)


def test_the_first_faces_are_written_once(data: tuple[Path, Path], tmp_path: Path) -> None:
    path = first_faces(data[0], 10, tmp_path)
    assert (load_ferplus(path).images == load_ferplus(data[0]).images[:10]).all()
    assert path.name == "first-10.npz"


def test_the_tables_give_means_deviations_and_paired_intervals() -> None:
    scores = {
        "single": {seed: {"war": 0.70 + 0.01 * seed, "uar": 0.4} for seed in range(3)},
        "fmpn": {seed: {"war": 0.72 + 0.01 * seed, "uar": 0.5 - 0.1 * seed} for seed in range(3)},
    }
    lines = markdown(scores).splitlines()
    assert "| FMPN, motion mask, majority label | 3 | 0.730 +- 0.010 | 0.400 +- 0.100 |" in lines
    # t(2) at 97.5 % is 4.303: 10 points of deviation over the root of 3.
    assert lines[-1] == "| fmpn - single | 3 | +2.0 (+2.0 to +2.0) | -0.0 (-24.8 to +24.8) |"
