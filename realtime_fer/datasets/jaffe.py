"""The Japanese Female Facial Expression set (JAFFE): 213 grey pictures of ten people, who and what in each name.

    KA.AN1.39.tiff    person, expression and take, number

Source: Lyons, Akamatsu, Kamachi and Gyoba, "Coding Facial Expressions with Gabor Wavelets", FG 1998.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from realtime_fer.datasets.labelled_faces import LabelledFace, LabelledSet
from realtime_fer.errors import DatasetError
from realtime_fer.labels import JAFFE_LABELS

REQUEST_AT: Final = "https://doi.org/10.5281/zenodo.3451524"
PICTURES: Final = 213

CODES: Final = ("AN", "DI", "FE", "HA", "NE", "SA", "SU")
"""Of `JAFFE_LABELS`, in their order."""

_NAME: Final = re.compile(r"([A-Z]{2})\.([A-Z]{2})\d*\.\d+")


def open_jaffe(folder: Path, *, pictures: int = PICTURES) -> LabelledSet:
    """All pictures, by name; `read` gives them whole, 256 x 256.

    Args:
        folder: holds the pictures, or a folder "jaffe" with them.
        pictures: how many there must be; less for a part of the set that is meant to be one.

    Raises:
        DatasetError: there are other numbers of pictures, or one has another name.
    """
    place = folder / "jaffe" if (folder / "jaffe").is_dir() else folder
    found = sorted(path for path in place.glob("[!.]*") if path.suffix.lower() in {".tif", ".tiff"})
    if len(found) != pictures:
        there = f"{len(found)}" if place.is_dir() else "no such folder"
        raise DatasetError(
            f"{place}: expected JAFFE's {pictures} pictures such as KA.AN1.39.tiff, found {there}; "
            f"unpack the set again (on request: {REQUEST_AT})"
        )
    return LabelledSet("jaffe", JAFFE_LABELS, tuple(_face(path) for path in found))


def _face(path: Path) -> LabelledFace:
    match = _NAME.fullmatch(path.stem)
    if match is None or match[2] not in CODES:
        raise DatasetError(
            f"{path}: expected a name such as KA.AN1.39.tiff with one of {', '.join(CODES)}; take other files out of the folder"
        )
    return LabelledFace(path, CODES.index(match[2]), match[1])
