"""The report of one fold of a cross-validation, read back; and whether several of them belong together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError

_SHAPE_HINT = "make it with: realtime-fer evaluate MODEL --protocol labelled --fold K --out FOLDER"


@dataclass(frozen=True, slots=True, eq=False)
class FoldReport:
    """What a table needs of one fold.

    Attributes:
        path: where it was read.
        fold: its number, from 0.
        folds: how many the data set has; None where the report does not say.
        setting: what all folds of one table must share, by name.
        weights: SHA-256 of the network's file.
        classes: names of the C classes.
        confusion: int64 (C, C), rows true, columns seen; at least one face.
    """

    path: Path
    fold: int
    folds: int | None
    setting: dict[str, str]
    weights: str
    classes: tuple[str, ...]
    confusion: npt.NDArray[np.int64]

    @property
    def right(self) -> int:
        """Faces whose class was seen."""
        return int(np.trace(self.confusion))

    @property
    def faces(self) -> int:
        """Faces that were tested."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Share of them that is right."""
        return self.right / self.faces


def read_fold_report(path: Path) -> FoldReport:
    """Read the report.json of one fold.

    Raises:
        DatasetError: it cannot be read, or is not the report of a fold.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"{path}: expected the report of a fold, found none that can be read ({error})") from error
    try:
        return _fold_report(path, found)
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{path}: expected the report of a fold, found something else ({type(error).__name__}: {error}); {_SHAPE_HINT}"
        ) from error


def require_one_validation(reports: Sequence[FoldReport], folds: int | None = None) -> list[FoldReport]:
    """The reports in the order of their folds.

    Args:
        reports: at least one.
        folds: how many there must be; None is what the reports say, else as many as the highest number among them asks for.

    Raises:
        DatasetError: they are of different models, data sets or settings, or a fold is missing, there twice or too high.
    """
    first = reports[0]
    for report in reports[1:]:
        for name, value in report.setting.items():
            if value != first.setting[name]:
                raise DatasetError(
                    f"{report.path}: expected {name} {first.setting[name]} as in {first.path}, found {value}; "
                    "one table is of one model on one data set"
                )
    seen: dict[int, FoldReport] = {}
    for report in reports:
        if report.fold in seen:
            raise DatasetError(
                f"{report.path}: expected each fold once, found fold {report.fold} in {seen[report.fold].path} too"
            )
        seen[report.fold] = report
    count = folds or first.folds or max(seen) + 1
    missing = [str(fold) for fold in range(count) if fold not in seen]
    if missing:
        raise DatasetError(f"expected folds 0 to {count - 1}, found {len(seen)} of them; fold {', '.join(missing)} is missing")
    if max(seen) >= count:
        raise DatasetError(f"{seen[max(seen)].path}: expected folds 0 to {count - 1}, found fold {max(seen)}")
    return [seen[fold] for fold in sorted(seen)]


def _fold_report(path: Path, found: dict[str, Any]) -> FoldReport:
    classes, confusion = tuple(found["classes"]), np.array(found["confusion"], np.int64)
    model, dataset = found["model"], found["dataset"]
    fold, folds = dataset["fold"], dataset.get("folds")
    if fold is None:
        raise DatasetError(f"{path}: expected the report of one fold, found that of a whole data set; {_SHAPE_HINT}")
    if not isinstance(fold, int) or fold < 0 or not (folds is None or isinstance(folds, int)):
        raise ValueError(f"fold {fold} of {folds}")
    if confusion.shape != (len(classes), len(classes)) or confusion.min() < 0 or not confusion.any():
        raise ValueError(f"confusion {confusion.shape} of {len(classes)} classes")
    return FoldReport(
        path=path,
        fold=fold,
        folds=folds,
        setting={
            "model": str(model["name"]),
            "precision": str(model["precision"]),
            "data set": str(dataset["name"]),
            "part": str(dataset["part"]),
            "number of folds": str(folds),
            "classes": ", ".join(classes),
            "margin": str(float(found["margin"])),
            "resize": str(found["resize"]),
        },
        weights=str(model["sha256"]),
        classes=classes,
        confusion=confusion,
    )
