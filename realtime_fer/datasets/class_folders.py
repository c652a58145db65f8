"""A folder with one sub-folder of pictures for each class, which is how many copies of other sets are passed on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from realtime_fer.datasets.labelled_faces import LabelledFace, LabelledSet
from realtime_fer.errors import DatasetError
from realtime_fer.labels import FERPLUS_LABELS, ROS4HRI_NAMES

PICTURE_SUFFIXES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})

OTHER_NAMES: Final = {
    **{adjective: noun for noun, adjective in ROS4HRI_NAMES.items() if adjective},
    "fearful": "fear",
    "happy": "happiness",
    "joy": "happiness",
    "sad": "sadness",
}
"""How sub-folders are called elsewhere -> our names. What is in neither keeps its name, in lower case."""


def open_class_folders(folder: Path) -> LabelledSet:
    """Every picture below `<folder>/<class>/`, by path; `read` leaves it whole.

    Labels come in the order of `labels.FERPLUS_LABELS`, others after them by name. Sub-folders without a picture do not count.

    Raises:
        DatasetError: fewer than two sub-folders have pictures.
    """
    of_class = pictures_by_class(folder)
    known = {name: position for position, name in enumerate(FERPLUS_LABELS)}
    labels = tuple(sorted(of_class, key=lambda name: (known.get(name, len(known)), name)))
    faces = [LabelledFace(path, label) for label, name in enumerate(labels) for path in of_class[name]]
    return LabelledSet("folders", labels, tuple(faces))


def pictures_by_class(folder: Path) -> dict[str, list[Path]]:
    """Our name of each sub-folder that has pictures -> them, both by path.

    Raises:
        DatasetError: there are fewer than two.
    """
    of_class: dict[str, list[Path]] = {}
    for sub_folder in sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ():
        # A Macintosh's copies leave files such as ._1.png beside the pictures.
        there = (path for path in sub_folder.iterdir() if not path.name.startswith("."))
        pictures = sorted(path for path in there if path.suffix.lower() in PICTURE_SUFFIXES)
        if pictures:
            name = sub_folder.name.lower()
            of_class.setdefault(OTHER_NAMES.get(name, name), []).extend(pictures)
    if len(of_class) < 2:
        found = f"pictures of {len(of_class)} classes" if folder.is_dir() else "no folder"
        raise DatasetError(
            f"{folder}: expected a folder with a sub-folder of pictures for each class (anger, happiness, ...), found {found}; "
            f"name the folder that holds the classes' folders"
        )
    return of_class
