"""FER+ as Microsoft distributes it: votes as text, faces as picture files or inside FER2013's own table.

    FER2013Train/label.csv         rows such as fer0000000.png,"(0, 0, 48, 48)",4,0,0,1,3,2,0,0,0,0
    FER2013Train/fer0000000.png    written there by Microsoft's generate_training_data.py
                                   (the same in FER2013Valid and FER2013Test; all three may be below data/)

    fer2013new.csv    Usage,Image name,neutral,...,NF; row n belongs to row n of
    fer2013.csv       emotion,pixels,Usage; pixels are 48 x 48 numbers

A face without an image name was dropped by FER+ and is in neither layout.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.ferplus import FACE_SIZE_PX, FerPlus, load_ferplus
from realtime_fer.datasets.listed_files import require_files
from realtime_fer.errors import DatasetError
from realtime_fer.labels import FERPLUS_VOTE_COLUMNS

FerPlusPart = Literal["train", "valid", "test"]

VOTES_AT: Final = "https://github.com/microsoft/FERPlus"
FACES_AT: Final = "https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge/data"

PART_FOLDERS: Final[dict[FerPlusPart, str]] = {"train": "FER2013Train", "valid": "FER2013Valid", "test": "FER2013Test"}
USAGES: Final[dict[FerPlusPart, str]] = {"train": "Training", "valid": "PublicTest", "test": "PrivateTest"}

FACE_TABLE: Final = "fer2013.csv"
VOTE_TABLE: Final = "fer2013new.csv"
VOTES: Final = len(FERPLUS_VOTE_COLUMNS)


def read_ferplus(folder: Path, part: FerPlusPart) -> FerPlus:
    """FER+ in any of its forms: npz file, folder with `ferplus_<part>.npz`, folders of pictures, or the two tables.

    Raises:
        DatasetError: the folder holds none of them, or what it holds cannot be read.
    """
    archive = folder if folder.is_file() or folder.suffix == ".npz" else folder / f"ferplus_{part}.npz"
    if archive.is_file() or archive == folder:
        return load_ferplus(archive)
    pictures = _part_folder(folder, part)
    if pictures is not None:
        return read_ferplus_pictures(pictures)
    if any((folder / name).is_file() for name in (FACE_TABLE, VOTE_TABLE)):
        return read_ferplus_tables(folder, part)
    others = sorted(path.name for path in folder.glob("ferplus_*.npz")) if folder.is_dir() else []
    hint = f"; to take another part, name its file: {', '.join(others)}" if others else ""
    raise DatasetError(
        f"{archive}: no such file; expected an npz file of FER+, or FER2013{part.capitalize()} with label.csv, or fer2013.csv "
        f"and fer2013new.csv (votes: https://github.com/microsoft/FERPlus){hint}"
    )


def read_ferplus_pictures(folder: Path) -> FerPlus:
    """One part as pictures, in the order of its label.csv.

    Args:
        folder: FER2013Train, FER2013Valid or FER2013Test, with label.csv and the pictures.

    Raises:
        DatasetError: label.csv or a picture is missing, a row is of another form, or a picture is not grey 48 x 48.
    """
    path = folder / "label.csv"
    rows = list(_rows(path, VOTES_AT))
    if not rows:
        raise DatasetError(
            f'{path}: expected rows such as fer0000000.png,"(0, 0, 48, 48)",4,0,..., found an empty file; it is at {VOTES_AT}'
        )
    names, votes = [], []
    for number, row in rows:
        if len(row) != VOTES + 2 or not row[0].endswith(".png") or Path(row[0]).name != row[0]:
            raise DatasetError(
                f"{path}: row {number}: expected a picture's name, a box and {VOTES} votes, found {row[:3]}; it is at "
                f"{VOTES_AT}"
            )
        names.append(row[0])
        votes.append(_votes(path, number, row[2:]))
    advice = f"write them with generate_training_data.py of {VOTES_AT} from FER2013 ({FACES_AT})"
    require_files(folder, names, "label.csv", advice)
    return FerPlus(np.stack([_face(folder / name) for name in names]), np.array(votes, np.uint8))


def read_ferplus_tables(folder: Path, part: FerPlusPart) -> FerPlus:
    """One part out of fer2013.csv and fer2013new.csv, in their order.

    Raises:
        DatasetError: a table is missing, a row is of another form, or the tables have different numbers of rows.
    """
    face_table, vote_table = folder / FACE_TABLE, folder / VOTE_TABLE
    images, votes = [], []
    pairs = zip_longest(_table(vote_table, VOTES_AT, "Usage"), _table(face_table, FACES_AT, "emotion"))
    for vote_row, face_row in pairs:
        if vote_row is None or face_row is None:
            shorter, longer = (vote_table, face_table) if vote_row is None else (face_table, vote_table)
            raise DatasetError(f"{shorter}: expected as many rows as {longer.name} has, found fewer; copy it again")
        number, vote = vote_row
        _, face = face_row
        if len(vote) != VOTES + 2 or len(face) != 3 or face[2].strip() != vote[0].strip():
            raise DatasetError(
                f"{vote_table}: row {number}: expected usage, name and {VOTES} votes for the face of the same row in "
                f"{face_table.name}, found {vote[:2]} for one of {face[2:]}; copy both again"
            )
        if vote[0].strip() == USAGES[part] and vote[1].strip():
            votes.append(_votes(vote_table, number, vote[2:]))
            images.append(_pixels(face_table, number, face[1]))
    if not images:
        raise DatasetError(f"{vote_table}: expected rows of usage {USAGES[part]}, found none; copy it again ({VOTES_AT})")
    return FerPlus(np.stack(images), np.array(votes, np.uint8))


def _part_folder(folder: Path, part: FerPlusPart) -> Path | None:
    """Where a part's pictures are, if the folder is laid out so; the folder itself if it is one part."""
    if folder.name in PART_FOLDERS.values() and (folder / "label.csv").is_file():
        return folder
    places = (folder / PART_FOLDERS[part], folder / "data" / PART_FOLDERS[part])
    return next((place for place in places if place.is_dir()), None)


def _rows(path: Path, source: str) -> Iterator[tuple[int, list[str]]]:
    """Number from 1, and cells; empty rows are left out."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield from ((number, row) for number, row in enumerate(csv.reader(file), 1) if any(row))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            f"{path}: expected a table of FER+, found none that can be read ({error}); it is at {source}"
        ) from error


def _table(path: Path, source: str, first_column: str) -> Iterator[tuple[int, list[str]]]:
    """The rows after the header."""
    rows = _rows(path, source)
    _, header = next(rows, (1, [""]))
    if header[:1] != [first_column]:
        raise DatasetError(f"{path}: expected a header that begins with {first_column}, found {header[:3]}; it is at {source}")
    yield from rows


def _votes(path: Path, number: int, cells: list[str]) -> list[int]:
    if not all(cell.strip().isdecimal() and int(cell) <= 255 for cell in cells):
        raise DatasetError(f"{path}: row {number}: expected {VOTES} numbers of votes, found {cells}; it is at {VOTES_AT}")
    return [int(cell) for cell in cells]


def _pixels(path: Path, number: int, text: str) -> npt.NDArray[np.uint8]:
    values = text.split()
    if len(values) != FACE_SIZE_PX**2 or not all(value.isdecimal() and int(value) <= 255 for value in values):
        raise DatasetError(
            f"{path}: row {number}: expected {FACE_SIZE_PX**2} pixels of 0 to 255, found {len(values)} cells; it is at "
            f"{FACES_AT}"
        )
    return np.array(values, np.uint8).reshape(FACE_SIZE_PX, FACE_SIZE_PX)


def _face(path: Path) -> npt.NDArray[np.uint8]:
    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise DatasetError(f"{path}: expected a picture, found none that can be read ({error})") from error
    image = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    if image is None or image.shape != (FACE_SIZE_PX, FACE_SIZE_PX) or image.dtype != np.uint8:
        found = "a file that is no picture" if image is None else f"{image.dtype} {image.shape}"
        raise DatasetError(
            f"{path}: expected a grey face of {FACE_SIZE_PX} x {FACE_SIZE_PX} pixels, found {found}; write it again"
        )
    return np.asarray(image, np.uint8)
