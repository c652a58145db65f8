"""RAF-DB as its owners distribute it: one folder of single labels ("basic") and one of compound labels, each with

    EmoLabel/list_patition_label.txt    lines like "train_00001.jpg 5"; the name is spelled so
    Image/aligned/train_00001_aligned.jpg
    Image/original/train_00001.jpg

Pictures are named by split and number, five digits in the basic training split, four in the basic test and the compound
training split, three in the compound test split. Labels count from 1, in the orders of `BASIC_LABELS` and `COMPOUND_PAIRS`.

Source: Li, Deng and Du, "Reliable Crowdsourcing and Deep Locality-Preserving Learning for Expression Recognition in the
Wild", CVPR 2017. For research only; the set is given out on request.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from realtime_fer.datasets.listed_files import require_files
from realtime_fer.errors import DatasetError
from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS, COMPOUND_PAIRS

Split = Literal["train", "test"]
Pictures = Literal["aligned", "original"]

LABELS_FILE: Final = "EmoLabel/list_patition_label.txt"
REQUEST_AT: Final = "http://www.whdeng.cn/RAF/model1.html"

COMPOUND_LABELS: Final = tuple(COMPOUND_PAIRS)

_NAME: Final = re.compile(r"(train|test)_(\d+)\.jpg")


@dataclass(frozen=True, slots=True)
class RafDbPicture:
    """One labelled face.

    Attributes:
        split: which half of the set it belongs to.
        number: its number as written in its name, zeros in front kept ("0001").
        label: one of the labels of its part.
        image: file name of the picture, without folder.
    """

    split: Split
    number: str
    label: str
    image: str


@dataclass(frozen=True, slots=True)
class RafDbPart:
    """One of the two parts of the set, checked: every picture in the list is there.

    Attributes:
        pictures: in the order of the list.
        folder: where their files are.
    """

    pictures: tuple[RafDbPicture, ...]
    folder: Path


def read_raf_db_basic(folder: Path, pictures: Pictures = "aligned") -> RafDbPart:
    """The part with single labels, in its seven classes.

    Args:
        folder: holds EmoLabel and Image.
        pictures: faces aligned to 100 x 100 pixels, as published figures use them, or whole photographs.

    Raises:
        DatasetError: the list or a picture is missing, or a line of the list cannot be read; it names the file and line.
    """
    return _read(folder, pictures, BASIC_LABELS, "basic")


def read_raf_db_compound(folder: Path, pictures: Pictures = "aligned") -> RafDbPart:
    """The part with compound labels, in its eleven classes; otherwise as `read_raf_db_basic`."""
    return _read(folder, pictures, COMPOUND_LABELS, "compound")


def _read(folder: Path, pictures: Pictures, labels: Sequence[str], part: str) -> RafDbPart:
    path = folder / LABELS_FILE
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DatasetError(
            f"{path}: no such file; expected the folder of RAF-DB's {part} part, as its owners distribute it "
            f"(on request: {REQUEST_AT})"
        ) from error
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: cannot be read ({error}); unpack RAF-DB's {part} part again") from error
    found = [_picture(line, f"{path}, line {number}", pictures, labels) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise DatasetError(
            f"{path}: expected lines such as 'train_0001.jpg 5', found an empty file; unpack RAF-DB's {part} part again"
        )
    names = [picture.image for picture in found]
    if len(set(names)) != len(names):
        twice = next(name for position, name in enumerate(names) if name in names[:position])
        raise DatasetError(f"{path}: {twice} is listed twice; unpack RAF-DB's {part} part again")
    images = folder / "Image" / pictures
    require_files(images, names, LABELS_FILE, f"unpack RAF-DB's {pictures}.zip there (on request: {REQUEST_AT})")
    return RafDbPart(tuple(found), images)


def _picture(line: str, where: str, pictures: Pictures, labels: Sequence[str]) -> RafDbPicture:
    """One line of the list."""
    name, _, label = line.strip().partition(" ")
    match = _NAME.fullmatch(name)
    if match is None or not label.strip().isdecimal() or not 1 <= int(label) <= len(labels):
        raise DatasetError(
            f"{where}: expected a name such as train_0001.jpg and a label of 1 to {len(labels)}, found {line.strip()[:80]!r}; "
            f"unpack RAF-DB again (on request: {REQUEST_AT})"
        )
    split: Split = "train" if match[1] == "train" else "test"
    image = name.replace(".jpg", "_aligned.jpg") if pictures == "aligned" else name
    return RafDbPicture(split, match[2], labels[int(label) - 1], image)
