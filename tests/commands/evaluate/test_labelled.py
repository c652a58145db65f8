"""`realtime-fer evaluate --protocol labelled`, and ferplus-majority for classifiers unlike the shipped one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from realtime_fer.commands.evaluate.command import evaluate
from realtime_fer.datasets import choose
from realtime_fer.datasets.labelled_faces import LabelledSet
from realtime_fer.errors import DatasetError, MissingExtraError, ModelNotFoundError, ModelShapeError
from realtime_fer.labels import AFFECTNET_LABELS, FERPLUS_LABELS
from tests.evaluation.detector_folders import save_detector
from tests.evaluation.expression_folders import STEP, grey_faces, save_brightness_model


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Sixteen FER+ faces of grey level 20 c, two of each class c but for one of them a class lower."""
    votes = np.zeros((17, 10), np.uint8)
    classes = np.array([*np.arange(8), *np.arange(8), 0])
    votes[np.arange(17), classes] = 9
    votes[16, 9] = 9  # nobody's majority
    levels = STEP * classes
    levels[15] -= STEP
    images = np.repeat(levels.astype(np.uint8), 48 * 48).reshape(17, 48, 48)
    np.savez(tmp_path / "ferplus_valid.npz", images=images, votes=votes)
    return tmp_path / "ferplus_valid.npz"


def run(model: Path, data: Path, *options: str, protocol: str = "labelled") -> Result:
    arguments = [str(model), "--data", str(data), "--protocol", protocol, *options]
    return CliRunner().invoke(evaluate, arguments, standalone_mode=False)


def last_line(result: Result) -> dict[str, Any]:
    assert result.exception is None, result.exception
    fields: dict[str, Any] = json.loads(result.output.splitlines()[-1])
    return fields


def test_both_protocols_give_the_same_figures_on_the_same_faces(tmp_path: Path, data: Path) -> None:
    model = save_brightness_model(tmp_path / "m", FERPLUS_LABELS, size_px=48).folder
    usual = last_line(run(model, data, "--json", protocol="ferplus-majority"))
    ours = last_line(run(model, data, "--json", "--dataset", "ferplus"))
    assert (usual["protocol"], ours["protocol"]) == ("ferplus-majority", "labelled")
    same = ["n", "war", "uar", "ece", "per_class", "precision", "f1", "support", "confusion", "intervals"]
    assert {key: ours[key] for key in same} == {key: usual[key] for key in same}
    assert (ours["n"], ours["war"]) == (16, 15 / 16)
    assert ours["dataset"] == {
        "name": "ferplus",
        "data": "ferplus_valid.npz",
        "part": None,
        "fold": None,
        "folds": None,
        "faces": 16,
    }


def test_faces_that_do_not_count_are_named_where_there_are_any(tmp_path: Path, data: Path) -> None:
    model = save_brightness_model(tmp_path / "m", FERPLUS_LABELS, size_px=48).folder
    manifest = json.loads((model / "manifest.json").read_text())
    limit = {"unknown_below": 0.5, "answered_share": 0.9, "max_error": 0.1, "certainty": 0.95, "faces": 100}
    (model / "manifest.json").write_text(json.dumps({**manifest, "abstention": limit}))
    text = run(model, data, protocol="ferplus-majority").output
    assert "of the faces that do not count" in text
    with np.load(data) as faces:
        np.savez(data, images=faces["images"][:16], votes=faces["votes"][:16])
    text = run(model, data, protocol="ferplus-majority").output
    assert "of them are answered" in text
    assert "of the faces that do not count" not in text
    assert "nan%" not in text


@pytest.mark.parametrize("options", [{"colour": "rgb"}, {"labels": FERPLUS_LABELS[::-1]}])
def test_ferplus_majority_takes_other_classifiers_too(tmp_path: Path, data: Path, options: dict[str, Any]) -> None:
    model = save_brightness_model(tmp_path / "m", **{"labels": FERPLUS_LABELS, **options}).folder
    fields = last_line(run(model, data, "--json", protocol="ferplus-majority"))
    assert fields["protocol"] == "ferplus-majority"
    assert {"n", "war", "uar", "ece", "per_class"} <= set(fields)
    assert list(fields["per_class"]) == list(FERPLUS_LABELS)
    # In the other order of labels dark is contempt, and everything is wrong.
    assert (fields["n"], fields["war"]) == (16, 15 / 16 if "colour" in options else 0)


def test_classes_that_differ(tmp_path: Path, data: Path) -> None:
    model = save_brightness_model(tmp_path / "m", AFFECTNET_LABELS, colour="rgb", affect=True).folder
    for protocol, more in (("labelled", ["--dataset", "ferplus"]), ("ferplus-majority", [])):
        error = run(model, data, *more, protocol=protocol).exception
        assert isinstance(error, DatasetError)
        assert "only in the model: none; only in the data: contempt; --common-classes" in str(error)
        result = run(model, data, "--common-classes", *more, protocol=protocol)
        expected = "on the 7 common classes; left out: of the data contempt (2 faces), of the model's answers none"
        assert expected in result.output, result.exception
        assert "valence" not in result.output


def test_report_picture_and_failures_are_written(tmp_path: Path, data: Path) -> None:
    pytest.importorskip("matplotlib")
    model, out = save_brightness_model(tmp_path / "m", FERPLUS_LABELS).folder, tmp_path / "runs" / "a"
    for protocol, more in (("labelled", ["--dataset", "ferplus"]), ("ferplus-majority", [])):
        result = run(model, data, *more, "--json", "--out", str(out), "--failures", str(out), protocol=protocol)
        fields = last_line(result)
        assert json.loads((out / "report.json").read_text()) == fields
        assert sorted(path.name for path in out.iterdir()) == ["confusion.png", "report.json", "wrong-answers.png"]
        assert cv2.imread(str(out / "confusion.png")) is not None
        assert all(f"wrote {path}" in result.output for path in out.iterdir())


def test_the_text(tmp_path: Path, data: Path) -> None:
    model = save_brightness_model(tmp_path / "m", FERPLUS_LABELS).folder
    for protocol, more in (("labelled", ["--dataset", "ferplus"]), ("ferplus-majority", [])):
        output = run(model, data, *more, protocol=protocol).output
        assert "n = 16" in output
        assert "WAR  0.9375  (95 % bootstrap interval" in output
        assert ["contempt", "1.0000", "0.5000", "0.6667", "2"] in [line.split() for line in output.splitlines()]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Stands for a data set with ten folds, valence and arousal; holds how it was opened."""
    asked: list[tuple[Any, ...]] = []

    def open_labelled(name: str, folder: Path, part: str, *, fold: int | None = None) -> LabelledSet:
        asked.append((name, folder, part, fold))
        return grey_faces([0, 25, 40], [0, 1, 2], affect=[(0.0, 0.0), (0.5, -0.5), (0.8, -0.8)], people=["a", "b", "b"])

    monkeypatch.setattr(choose, "open_labelled", open_labelled)
    monkeypatch.setitem(choose.FOLD_COUNTS, "tens", 10)
    return asked


def test_part_and_fold_reach_the_data_set_and_the_report(tmp_path: Path, opened: list[tuple[Any, ...]]) -> None:
    model = save_brightness_model(tmp_path / "m", affect=True).folder
    fields = last_line(run(model, tmp_path, "--json", "--dataset", "tens", "--fold", "3", "--part", "train"))
    assert opened == [("tens", tmp_path, "train", 3)]
    assert (fields["dataset"]["part"], fields["dataset"]["fold"], fields["dataset"]["folds"]) == ("train", 3, 10)
    assert fields["valence"]["ccc"] == fields["arousal"]["ccc"] == 1.0
    assert fields["valence"]["ccc_mixed_moments"] == pytest.approx(2 / 3, abs=1e-4)
    whole = run(model, tmp_path, "--dataset", "tens")
    assert opened[-1] == ("tens", tmp_path, "test", None)
    assert "valence  CCC 1.0000  RMSE 0.0000  of 3" in whole.output
    assert "arousal  CCC" in whole.output


def test_a_margin_is_the_report_s_too(tmp_path: Path, data: Path) -> None:
    model = save_brightness_model(tmp_path / "m", FERPLUS_LABELS).folder
    fields = last_line(run(model, data, "--json", "--margin", "-0.1", protocol="ferplus-majority"))
    assert (fields["margin"], fields["war"]) == (-0.1, 15 / 16)


@pytest.mark.parametrize(
    ("protocol", "options", "message"),
    [
        ("labelled", [], "needs --dataset, one of affectnet"),
        ("ferplus-majority", ["--dataset", "ferplus"], "--dataset and --fold go with --protocol labelled"),
        ("ferplus-majority", ["--fold", "0"], "--dataset and --fold go with --protocol labelled"),
        ("detection-ap", ["--out", "x"], "--out goes with --protocol labelled or ferplus-majority"),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, data: Path, protocol: str, options: list[str], message: str) -> None:
    assert message in str(run(tmp_path, data, *options, protocol=protocol).exception)


def test_what_cannot_be_evaluated(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = save_detector(tmp_path / "d")
    assert isinstance(run(detector, data, "--dataset", "ferplus").exception, ModelShapeError)
    assert "unknown; expected one of" in str(
        run(save_brightness_model(tmp_path / "m").folder, data, "--dataset", "x").exception
    )
    unshipped = run(Path("fmpn"), data, "--dataset", "ferplus").exception
    assert isinstance(unshipped, ModelNotFoundError)
    assert "no weights of fmpn are shipped" in str(unshipped)
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    out = ["--dataset", "ferplus", "--out", str(tmp_path / "o"), "--common-classes"]
    assert isinstance(run(tmp_path / "m", data, *out).exception, MissingExtraError)
    assert not (tmp_path / "o").exists()


def test_weights_of_one_s_own(tmp_path: Path, data: Path) -> None:
    model = save_brightness_model(tmp_path / "m", FERPLUS_LABELS, colour="rgb").folder
    result = run(Path("fmpn"), data, "--weights", str(model / "m.onnx"), "--dataset", "ferplus", "--json")
    assert last_line(result)["war"] == 15 / 16
