"""Reports of folds, as `--protocol labelled --fold K --out FOLDER` leaves them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

CLASSES = ("anger", "disgust", "fear")


def fold_fields(fold: int | None, confusion: Sequence[Sequence[int]], **changes: Any) -> dict[str, Any]:
    """The JSON of one fold, or of a whole set; `changes` as `model__name="x"`."""
    fields: dict[str, Any] = {
        "protocol": "labelled",
        "model": {"name": "fmpn", "version": "1.0", "precision": "fp32", "sha256": f"{fold}" * 64},
        "dataset": {"name": "ckplus", "data": "CK+", "part": "test", "fold": fold, "folds": 10, "faces": 9},
        "margin": -0.032812,
        "resize": "service",
        "classes": list(CLASSES),
        "confusion": [list(row) for row in confusion],
    }
    for name, value in changes.items():
        inside, _, key = name.rpartition("__")
        (fields[inside] if inside else fields)[key] = value
    return fields


def save_fold(folder: Path, fold: int | None, confusion: Sequence[Sequence[int]], **changes: Any) -> Path:
    """The same as a file."""
    path = folder / f"fold_{fold}.json"
    path.write_text(json.dumps(fold_fields(fold, confusion, **changes)))
    return path


def confusion_of(right: int, faces: int) -> list[list[int]]:
    """Some confusion with so many right answers of so many faces, in all classes."""
    per_class, wrong = np.array([faces // 3, faces // 3, faces - faces // 3 * 2]), faces - right
    confusion = np.diag(per_class)
    for row in range(3):
        moved = min(wrong, int(confusion[row, row]))
        confusion[row, row] -= moved
        confusion[row, (row + 1) % 3] += moved
        wrong -= moved
    counts: list[list[int]] = confusion.tolist()
    return counts
