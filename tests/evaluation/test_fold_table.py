from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.fold_reports import read_fold_report
from realtime_fer.evaluation.fold_table import FoldTable, fold_table
from tests.evaluation.fold_files import confusion_of, save_fold

# Right answers and test faces of FMPN's published folds: every figure of its README is such a fraction.
CKPLUS_FACES = (78, 72, 114, 90, 90, 93, 111, 108, 114, 111)
CKPLUS_RIGHT = (69, 72, 105, 90, 90, 93, 111, 108, 114, 111)
MMI_FACES = (63, 108, 90, 39, 63, 69, 72, 27, 15, 78)
MMI_RIGHT = (49, 79, 60, 29, 54, 59, 69, 24, 15, 62)

PUBLISHED = {
    "ckplus": (CKPLUS_RIGHT, CKPLUS_FACES, "0.885 1.000 0.921 1.000 1.000 1.000 1.000 1.000 1.000 1.000", "98.06%", "98.17%"),
    "mmi": (MMI_RIGHT, MMI_FACES, "0.778 0.731 0.667 0.744 0.857 0.855 0.958 0.889 1.000 0.795", "82.74%", "80.13%"),
}


def published(folder: Path, name: str) -> FoldTable:
    right, faces, *_ = PUBLISHED[name]
    reports = [
        read_fold_report(save_fold(folder, fold, confusion_of(*counts), dataset__name=name))
        for fold, counts in enumerate(zip(right, faces, strict=True))
    ]
    return fold_table(reports)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_arithmetic(tmp_path: Path, name: str) -> None:
    """Published: CK+ 98.06 %, MMI 82.74 %, the unweighted mean of ten folds."""
    _, faces, row, mean, pooled = PUBLISHED[name]
    table = published(tmp_path, name)
    text = table.as_text()
    assert f"| accuracy | {' | '.join(row.split())} | {table.mean:.3f} |" in text
    assert f"mean of the folds   {mean}  (unweighted, as published" in text
    assert f"all faces together  {pooled}  of {sum(faces)}; UAR" in text
    assert (f"{table.mean:.2%}", f"{table.pooled:.2%}") == (mean, pooled)


def test_the_counts_are_in_the_table_too(tmp_path: Path) -> None:
    text = published(tmp_path, "ckplus").as_text()
    lines = text.splitlines()
    assert lines[0] == "fmpn fp32, ckplus test, 10 folds, 10 different networks"
    assert "| fold | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | mean |" in lines
    assert "|---|---|---|---|---|---|---|---|---|---|---|---|" in lines
    assert (
        "| right | 69/78 | 72/72 | 105/114 | 90/90 | 90/90 | 93/93 | 111/111 | 108/108 | 114/114 | 111/111 | 963/981 |" in lines
    )


def small(folder: Path, **changes: str) -> FoldTable:
    matrices = ([[2, 0, 0], [0, 1, 1], [0, 0, 0]], [[1, 3, 0], [0, 0, 0], [0, 2, 2]])
    return fold_table([read_fold_report(save_fold(folder, k, m, **changes)) for k, m in enumerate(matrices)], 2)


def test_pooled_figures_by_hand(tmp_path: Path) -> None:
    table = small(tmp_path)
    assert table.confusion.tolist() == [[3, 3, 0], [0, 1, 1], [0, 2, 2]]
    fields = json.loads(table.as_json())
    assert fields["folds"] == [{"fold": 0, "n": 4, "right": 3, "war": 0.75}, {"fold": 1, "n": 8, "right": 3, "war": 0.375}]
    assert fields["mean_of_folds"] == 0.5625
    assert fields["deviation_of_folds"] == pytest.approx(np.std([0.75, 0.375], ddof=1), abs=1e-4)
    assert (fields["n"], fields["war"], fields["uar"]) == (12, 0.5, 0.5)
    assert fields["per_class"] == {"anger": 0.5, "disgust": 0.5, "fear": 0.5}
    assert fields["precision"] == {"anger": 1.0, "disgust": 0.1667, "fear": 0.6667}
    setting = table.reports[0].setting
    assert (fields["model_precision"], fields["margin"]) == (setting["precision"], float(setting["margin"]))
    assert fields["number_of_folds"] == table.reports[0].folds
    assert fields["f1"]["disgust"] == 0.25
    assert fields["f1_mean"] == pytest.approx((2 / 3 + 0.25 + 4 / 7) / 3, abs=1e-4)
    assert fields["support"] == {"anger": 6, "disgust": 2, "fear": 4}
    assert fields["confusion"] == table.confusion.tolist()
    assert (fields["protocol"], fields["model"], fields["data_set"], fields["networks"]) == ("folds", "fmpn", "ckplus", 2)
    assert table.as_text().splitlines()[-1].split() == ["fear", "0.6667", "0.5000", "0.5714", "4"]


def test_one_network_in_all_folds_is_said(tmp_path: Path) -> None:
    table = small(tmp_path, model__sha256="a" * 64)
    assert table.networks == 1
    assert "one and the same network in all: no cross-validation unless" in table.as_text()


def test_one_fold_alone_has_no_deviation(tmp_path: Path) -> None:
    table = fold_table([read_fold_report(save_fold(tmp_path, 0, confusion_of(5, 9)))], 1)
    assert json.loads(table.as_json())["deviation_of_folds"] is None


def test_missing_folds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is missing"):
        fold_table([read_fold_report(save_fold(tmp_path, 1, confusion_of(5, 9)))])
