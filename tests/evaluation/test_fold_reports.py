from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.fold_reports import FoldReport, read_fold_report, require_one_validation
from tests.evaluation.fold_files import CLASSES, confusion_of, save_fold


def folds(folder: Path, *numbers: int, **changes: Any) -> list[FoldReport]:
    folder.mkdir(exist_ok=True)
    confusion = changes.pop("confusion", confusion_of(5, 9))
    return [read_fold_report(save_fold(folder, number, confusion, **changes)) for number in numbers]


def test_what_is_read(tmp_path: Path) -> None:
    report = read_fold_report(save_fold(tmp_path, 4, [[3, 1, 0], [0, 2, 0], [0, 0, 2]]))
    assert (report.fold, report.folds, report.right, report.faces, report.accuracy) == (4, 10, 7, 8, 7 / 8)
    assert report.classes == CLASSES
    assert report.weights == "4" * 64
    assert report.setting["data set"] == "ckplus"


def test_order_does_not_matter(tmp_path: Path) -> None:
    ordered = require_one_validation(folds(tmp_path, 2, 0, 1, dataset__folds=3))
    assert [report.fold for report in ordered] == [0, 1, 2]


def test_how_many_there_must_be(tmp_path: Path) -> None:
    """As many as the data set has; else as many as are asked for; else up to the highest."""
    with pytest.raises(DatasetError, match=r"expected folds 0 to 9, found 2 of them; fold 2, 3, 4, 5, 6, 7, 8, 9 is missing"):
        require_one_validation(folds(tmp_path, 0, 1))
    assert len(require_one_validation(folds(tmp_path, 0, 1), 2)) == 2
    unknown = folds(tmp_path, 0, 1, 3, dataset__folds=None)
    with pytest.raises(DatasetError, match=r"folds 0 to 3, found 3 of them; fold 2 is missing"):
        require_one_validation(unknown)
    with pytest.raises(DatasetError, match=r"fold_3.json: expected folds 0 to 1, found fold 3"):
        require_one_validation(unknown, 2)


def test_a_fold_twice(tmp_path: Path) -> None:
    twice = [*folds(tmp_path / "a", 0, 1), *folds(tmp_path / "b", 1)]
    with pytest.raises(DatasetError, match=r"b/fold_1.json: expected each fold once, found fold 1 in .*a/fold_1.json too"):
        require_one_validation(twice, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model__name": "gcn"}, "expected model fmpn as in .*fold_0.json, found gcn"),
        ({"model__precision": "int8"}, "expected precision fp32 as in .*, found int8"),
        ({"dataset__name": "mmi"}, "expected data set ckplus as in .*, found mmi"),
        ({"dataset__part": "train"}, "expected part test as in .*, found train"),
        ({"dataset__folds": 5}, "expected number of folds 10 as in .*, found 5"),
        ({"classes": ["anger", "fear", "joy"]}, "expected classes anger, disgust, fear as in .*, found anger, fear, joy"),
        ({"resize": "pillow"}, "expected resize service as in .*, found pillow"),
        ({"margin": 0.0}, "expected margin -0.032812 as in .*, found 0.0"),
    ],
)
def test_folds_of_different_tests_are_not_mixed(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=rf"fold_1.json: {message}; one table is of one model on one data set"):
        require_one_validation([*folds(tmp_path, 0), *folds(tmp_path, 1, **change)], 2)


def test_other_networks_and_versions_are_what_folds_have(tmp_path: Path) -> None:
    mixed = [*folds(tmp_path, 0), *folds(tmp_path, 1, model__version="fold 1", model__sha256="f" * 64)]
    assert len(require_one_validation(mixed, 2)) == 2


def test_a_report_of_a_whole_set_is_no_fold(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"expected the report of one fold, found that of a whole data set; .*--fold K"):
        folds(tmp_path, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": {}}, "KeyError: 'name'"),
        ({"model": "m"}, "TypeError"),
        ({"margin": "wide"}, "ValueError"),
        ({"dataset__fold": -1}, "ValueError: fold -1 of 10"),
        ({"dataset__fold": "2"}, "ValueError: fold 2 of 10"),
        ({"confusion": [[1, 0], [0, 1]]}, r"ValueError: confusion \(2, 2\) of 3 classes"),
        ({"confusion": [[0] * 3] * 3}, "ValueError: confusion"),
        ({"confusion": [[1, 0, 0], [0, -1, 0], [0, 0, 1]]}, "ValueError: confusion"),
    ],
)
def test_other_json_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=rf"expected the report of a fold, found something else \({message}"):
        folds(tmp_path, 0, **change)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"absent.json: expected the report of a fold, found none that can be read"):
        read_fold_report(tmp_path / "absent.json")
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(DatasetError, match="found something else"):
        read_fold_report(tmp_path / "list.json")
    for text in ("WAR 0.9", "[" * 100_000):
        (tmp_path / "text.json").write_text(text)
        with pytest.raises(DatasetError, match="none that can be read"):
            read_fold_report(tmp_path / "text.json")
