"""AffectNet in its newer layout: faces cut by its owners to 224 x 224, with a small array file for each number.

train_set/images/12.jpg                      the same in val_set
train_set/annotations/12_exp.npy             expression 0 to 7, in some copies as text
train_set/annotations/12_val.npy, 12_aro.npy valence and arousal in [-1, 1]
train_set/annotations/12_lnd.npy             landmarks, which nothing here needs
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from realtime_fer.datasets.affectnet import EXPRESSIONS
from realtime_fer.datasets.affectnet_folder import REQUEST_AT, Part
from realtime_fer.datasets.labelled_faces import LabelledFace, LabelledSet
from realtime_fer.datasets.numpy_files import read_npy
from realtime_fer.errors import DatasetError
from realtime_fer.labels import AFFECTNET_LABELS

PART_FOLDERS: Final[dict[Part, str]] = {"train": "train_set", "test": "val_set"}
CLASSES: Final = 8
"""The eighth, contempt, is left out, as from the lists of the older layout."""


def open_affectnet_arrays(folder: Path, part: Part) -> LabelledSet:
    """The seven expressions, by number; `read` gives the whole picture, which is a cut face already.

    Args:
        folder: holds train_set and val_set, or is the one of them that `part` asks for.

    Raises:
        DatasetError: a folder is missing, pictures and annotations do not belong together, or an array cannot be read.
    """
    place = folder if folder.name == PART_FOLDERS[part] else folder / PART_FOLDERS[part]
    pictures = _numbered(place / "images", ".jpg")
    annotated = _numbered(place / "annotations", "_exp.npy")
    for missing, of, suffix in (
        (pictures.keys() - annotated.keys(), "annotations", "_exp.npy"),
        (annotated.keys() - pictures.keys(), "images", ".jpg"),
    ):
        if missing:
            first = place / of / f"{min(missing, key=_order)}{suffix}"
            raise DatasetError(
                f"{first}: no such file, nor {len(missing) - 1} more of the {len(pictures | annotated)}; "
                f"unpack all of AffectNet's {place.name} (on request: {REQUEST_AT})"
            )
    faces = []
    for number in sorted(pictures, key=_order):
        label = _expression(annotated[number])
        if label >= EXPRESSIONS:
            continue
        stem = str(place / "annotations" / number)
        faces.append(
            LabelledFace(
                picture=pictures[number],
                label=label,
                valence=_affect(Path(f"{stem}_val.npy")),
                arousal=_affect(Path(f"{stem}_aro.npy")),
            )
        )
    return LabelledSet("affectnet", AFFECTNET_LABELS, tuple(faces))


def has_arrays(folder: Path, part: Part) -> bool:
    """Whether a folder is laid out so."""
    return folder.name == PART_FOLDERS[part] or any((folder / name).is_dir() for name in PART_FOLDERS.values())


def _numbered(folder: Path, suffix: str) -> dict[str, Path]:
    """Number of a face -> its file."""
    found = {path.name[: -len(suffix)]: path for path in folder.glob(f"[!.]*{suffix}")} if folder.is_dir() else {}
    if not found:
        raise DatasetError(
            f"{folder}: expected AffectNet's files such as 0{suffix}, found {'none' if folder.is_dir() else 'no such folder'}; "
            f"name the folder that holds train_set and val_set (on request: {REQUEST_AT})"
        )
    return found


def _order(number: str) -> tuple[int, str]:
    return (int(number) if number.isdecimal() else -1, number)


def _expression(path: Path) -> int:
    value = _number(path)
    if value not in range(CLASSES):
        raise DatasetError(f"{path}: expected an expression of 0 to {CLASSES - 1}, found {value}; unpack the set again")
    return int(value)


def _affect(path: Path) -> float:
    value = _number(path)
    if not -1 <= value <= 1:
        raise DatasetError(f"{path}: expected a number in [-1, 1], found {value}; unpack the set again")
    return value


def _number(path: Path) -> float:
    array = read_npy(path, "an array of AffectNet's annotations", f"unpack the set again (on request: {REQUEST_AT})")
    try:
        return float(array.reshape(-1)[0]) if array.size == 1 else float(str(array))
    except ValueError as error:
        raise DatasetError(
            f"{path}: expected one number, found an array {array.dtype} {array.shape}; unpack the set again"
        ) from error
