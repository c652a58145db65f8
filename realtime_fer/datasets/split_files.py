"""Published split files: `train_ids_<k>.csv` and `test_ids_<k>.csv`, one file name a line, no header, no newline at the end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from realtime_fer.errors import DatasetError

LISTS_AT: Final = "https://github.com/donydchen/FMPN-FER"


@dataclass(frozen=True, slots=True)
class SplitNames:
    """File names of one fold, in the order of its files."""

    train: tuple[str, ...]
    test: tuple[str, ...]


def read_split(folder: Path, fold: int) -> SplitNames:
    """Both lists of a fold, checked: no name twice in one list, none in both.

    Raises:
        DatasetError: a list is missing or empty, or a name stands where it must not; it names file and line.
    """
    train, test = (_names(path) for path in split_paths(folder, fold))
    both = set(train) & set(test)
    if both:
        raise DatasetError(
            f"{split_paths(folder, fold)[1]}: {min(both)} is in the list for training too, as {len(both) - 1} others; "
            f"expected no picture in both"
        )
    return SplitNames(train, test)


def split_paths(folder: Path, fold: int) -> tuple[Path, Path]:
    """Where a fold's lists for training and for testing are."""
    return folder / f"train_ids_{fold}.csv", folder / f"test_ids_{fold}.csv"


def subject_of(name: str) -> str:
    """Who a picture named subject_sequence_frame shows.

    Raises:
        DatasetError: the name is not of that form.
    """
    parts = name.split("_")
    if len(parts) != 3 or not all(parts):
        raise DatasetError(f"{name}: expected a name such as S005_001_00000009.png, subject, sequence and frame")
    return parts[0]


def _names(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{path}: expected a list of file names, found none that can be read ({error}); "
            f"the lists are at {LISTS_AT} in datasets"
        ) from error
    names = [line.strip() for line in lines if line.strip()]
    if not names:
        raise DatasetError(f"{path}: expected a file name a line, found an empty file; get it again ({LISTS_AT})")
    seen: set[str] = set()
    for number, name in enumerate(names, 1):
        if name in seen or "/" in name or "\\" in name or "," in name:
            what = "again" if name in seen else "which is no file name"
            raise DatasetError(f"{path}: name {number}: expected each file name once, found {name[:80]!r} {what}")
        seen.add(name)
    return tuple(names)
