"""`realtime-fer evaluate folds`: from the reports of folds to one table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from realtime_fer.cli import cli
from realtime_fer.errors import DatasetError
from realtime_fer.labels import CKPLUS_LABELS
from tests.datasets.miniatures import save_ckplus
from tests.evaluation.expression_folders import save_brightness_model
from tests.evaluation.fold_files import CLASSES, confusion_of, save_fold


@pytest.fixture
def reports(tmp_path: Path) -> list[str]:
    return [str(save_fold(tmp_path, fold, confusion_of(6 + fold, 9), dataset__folds=3)) for fold in range(3)]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["evaluate", *arguments])


def test_the_table(reports: list[str]) -> None:
    result = run("folds", *reports)
    assert result.exit_code == 0, result.output
    assert "| accuracy | 0.667 | 0.778 | 0.889 | 0.778 |" in result.output
    assert "mean of the folds   77.78%" in result.output


def test_the_last_line_is_json_and_the_files_are_written(reports: list[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "new" / "out"
    result = run("folds", *reports, "--json", "--out", str(out))
    assert result.exit_code == 0, result.output
    fields = json.loads(result.output.splitlines()[-1])
    assert (fields["mean_of_folds"], fields["n"], fields["classes"]) == (0.7778, 27, list(CLASSES))
    assert json.loads((out / "folds.json").read_text()) == fields
    assert sorted(path.name for path in out.iterdir()) == ["confusion.png", "folds.json"]


def test_from_the_data_to_the_table(tmp_path: Path) -> None:
    """Ten people in CK+, one for each fold; the classifier sees anger in all of them."""
    pytest.importorskip("onnxruntime")
    model = save_brightness_model(tmp_path / "m", CKPLUS_LABELS).folder
    data = save_ckplus(tmp_path / "ck", [(f"S{n:03d}", "001", 5, 1 if n < 4 else n % 7 + 1) for n in range(1, 11)])
    reports = []
    for fold in range(10):
        options = ["--protocol", "labelled", "--dataset", "ckplus", "--fold", str(fold), "--json"]
        result = run(str(model), "--data", str(data), *options)
        assert result.exit_code == 0, result.exception
        reports.append(tmp_path / f"{fold}.json")
        reports[-1].write_text(result.output.splitlines()[-1])
    result = run("folds", *map(str, reports))
    assert "| right | 0/3 | 0/3 | 0/3 | 3/3 | 0/3 | 0/3 | 0/3 | 3/3 | 3/3 | 3/3 | 12/30 |" in result.output
    assert "one and the same network in all" in result.output


def test_a_missing_fold_is_one_error(reports: list[str]) -> None:
    result = run("folds", *reports[:2])
    assert isinstance(result.exception, DatasetError)
    assert "fold 2 is missing" in str(result.exception)
    assert run("folds", *reports[:2], "--folds", "2").exit_code == 0
    assert isinstance(run("folds", *reports, reports[0]).exception, DatasetError)


def test_help_and_reports_are_needed() -> None:
    assert "one table of the reports of a cross-validation" in " ".join(run("--help").output.split())
    assert "report.json of each fold" in " ".join(run("folds", "--help").output.split())
    assert "Missing argument 'REPORTS...'" in run("folds").output


def test_folds_is_the_first_word_only() -> None:
    """A model's or a file's name may hold it."""
    result = run("m", "--data", "folds", "--protocol", "x")
    assert result.exit_code == 2
    assert "'x' is not one of" in result.output
