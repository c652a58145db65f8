"""Labelled face pictures for FMPN: the FER+ npz file, a folder with a sub-folder for each class, or the authors' folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.class_folders import pictures_by_class
from realtime_fer.datasets.ferplus import NOT_COUNTED, load_ferplus, majority_labels
from realtime_fer.datasets.fmpn_folds import FOLDS, FmpnName, read_fmpn_fold, read_fmpn_labels
from realtime_fer.errors import DatasetError, missing_extra
from realtime_fer.fingerprint import records_fingerprint
from realtime_fer.labels import FERPLUS_LABELS

try:
    from PIL import Image
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFaces:
    """N pictures, cut to the face.

    Attributes:
        labels: C class names.
        classes: int64 (N,), which of them each picture shows.
        pictures: paths, or grey pixels as uint8 (N, H, W).
        people: who each picture shows; None where nobody knows.
    """

    labels: tuple[str, ...]
    classes: npt.NDArray[np.int64]
    pictures: Sequence[Path] | npt.NDArray[np.uint8]
    people: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def grey(self) -> bool:
        """Whether the pictures have no colour by their make."""
        return isinstance(self.pictures, np.ndarray)

    def picture(self, row: int) -> Any:
        """A Pillow picture in mode RGB.

        Raises:
            DatasetError: its file cannot be read.
        """
        found = self.pictures[row]
        if not isinstance(found, Path):
            return Image.fromarray(found).convert("RGB")
        try:
            with Image.open(found) as file:
                return file.convert("RGB")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise DatasetError(f"{found}: expected a picture, found a file Pillow cannot read ({error}); remove it") from error

    def fingerprint(self) -> str:
        """A short name for them, that changes when they do: their classes, and their pixels or the names of their files."""
        if isinstance(self.pictures, np.ndarray):
            shown: object = sha256(self.pictures.tobytes()).hexdigest()
        else:
            shown = [path.name for path in self.pictures]
        return records_fingerprint((self.labels, self.classes.tolist(), shown))

    def subset(self, rows: npt.NDArray[np.int64]) -> LabelledFaces:
        """The pictures of these rows, in this order."""
        pictures = self.pictures
        kept = pictures[rows] if isinstance(pictures, np.ndarray) else [pictures[row] for row in rows]
        people = None if self.people is None else tuple(self.people[row] for row in rows)
        return replace(self, classes=self.classes[rows], pictures=kept, people=people)

    def without(self, label: str) -> LabelledFaces:
        """All pictures but those of one class, which `labels` then lacks too."""
        gone = self.labels.index(label)
        kept = self.subset(np.flatnonzero(self.classes != gone))
        classes = kept.classes - (kept.classes > gone)
        return replace(kept, labels=self.labels[:gone] + self.labels[gone + 1 :], classes=classes)


def load_faces(data: Path, *, people_in_names: bool = False) -> LabelledFaces:
    """Read an npz file of FER+ faces (`datasets.ferplus`) or a folder `<data>/<class name>/<picture>`.

    FER+ faces count where most taggers agree on one of its eight expressions. Sub-folders come in alphabetical order;
    `datasets.class_folders` renames them.

    Args:
        people_in_names: picture names begin with who they show, up to the first `_`, as those of CK+ and MMI do.

    Raises:
        DatasetError: there is neither, fewer than two classes have pictures, or FER+ is asked for people.
    """
    if data.is_dir():
        faces = _class_folders(data)
        return replace(faces, people=tuple(_person(path) for path in faces.pictures)) if people_in_names else faces
    if people_in_names:
        raise DatasetError(f"{data}: expected a folder of pictures whose names say who they show, found a file")
    voted = load_ferplus(data)
    classes = majority_labels(voted.votes)
    rows = np.flatnonzero(classes != NOT_COUNTED)
    return LabelledFaces(FERPLUS_LABELS, classes[rows], voted.images[rows])


def load_fold(data: Path, fold: int | None) -> tuple[LabelledFaces, Path]:
    """Training faces of one fold of CK+ or MMI in the authors' folder, and the folder of its ready masks.

    The label file says which of the two sets it is (`datasets.fmpn_folds`).

    Raises:
        DatasetError: no fold is named, or the folder is not as published.
    """
    if fold is None:
        raise DatasetError(f"{data}: expected the number of a fold, 0 to {FOLDS - 1}, found none; give --fold")
    found = read_fmpn_fold(data, _which_set(data), fold)
    classes = np.array([picture.label for picture in found.train], np.int64)
    people = tuple(picture.subject for picture in found.train)
    return LabelledFaces(found.labels, classes, [picture.file for picture in found.train], people), found.masks


def _which_set(data: Path) -> FmpnName:
    """CK+'s labels begin at 1 and MMI's at 0, so that either's reader refuses the other's file."""
    try:
        read_fmpn_labels(data, "ckplus")
    except DatasetError:
        try:
            read_fmpn_labels(data, "mmi")
        except DatasetError:
            pass
        else:
            return "mmi"
        raise
    return "ckplus"


def _person(picture: Any) -> str:
    return str(picture.stem.split("_")[0])


def _class_folders(data: Path) -> LabelledFaces:
    of_class = pictures_by_class(data)
    counts = [len(pictures) for pictures in of_class.values()]
    classes = np.repeat(np.arange(len(of_class)), counts).astype(np.int64)
    return LabelledFaces(tuple(of_class), classes, [path for pictures in of_class.values() for path in pictures])
