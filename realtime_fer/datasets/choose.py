"""From a data set's name and folder to labelled faces: the only place that knows all kinds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import numpy as np

from realtime_fer.datasets.affectnet_arrays import has_arrays, open_affectnet_arrays
from realtime_fer.datasets.affectnet_folder import open_affectnet_lists
from realtime_fer.datasets.affwild2_folder import open_affwild2
from realtime_fer.datasets.ckplus import open_ckplus
from realtime_fer.datasets.class_folders import open_class_folders
from realtime_fer.datasets.ferplus import NOT_COUNTED, FerPlus, majority_labels
from realtime_fer.datasets.ferplus_files import read_ferplus
from realtime_fer.datasets.fmpn_folds import FmpnName, read_fmpn_fold, read_fmpn_frames
from realtime_fer.datasets.jaffe import open_jaffe
from realtime_fer.datasets.labelled_faces import LabelledFace, LabelledSet
from realtime_fer.datasets.mmi import open_mmi
from realtime_fer.datasets.raf_db import read_raf_db_basic
from realtime_fer.datasets.subject_folds import PUBLISHED_FOLDS, fold_rows, published_runs
from realtime_fer.datasets.unpacking_slips import unpacking_slip
from realtime_fer.errors import DatasetError
from realtime_fer.labels import FERPLUS_LABELS, MMI_LABELS
from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS

Part = Literal["train", "test"]

FOLD_COUNTS: Final[dict[str, int]] = dict.fromkeys(("ckplus", "mmi", "jaffe", "fmpn-ckplus", "fmpn-mmi"), PUBLISHED_FOLDS)
"""Sets without a split of their own: their people are tested in so many folds."""


def open_labelled(name: str, folder: Path, part: Part, *, fold: int | None = None) -> LabelledSet:
    """The faces of one half of a data set.

    Args:
        name: one of `NAMES`.
        folder: as its owners distribute it; of ferplus also an npz file, which is taken whole, whatever the part.
        part: "test" is what published figures test on; of AffectNet and Aff-Wild2 that is their validation split.
        fold: of a set in `FOLD_COUNTS`, which tenth of its people is tested, 0 to 9; None gives all its faces as either part:
            for tests on a set that training never saw. Sets with a split of their own have no folds.

    Raises:
        DatasetError: the name or fold is unknown, or the folder is not what the set's owners distribute; the message says what
            was expected, what was found, and where to request the set.
    """
    if name not in _OPENERS:
        raise DatasetError(f"data set {name!r}: unknown; expected one of {', '.join(NAMES)}")
    if part not in ("train", "test"):
        raise DatasetError(f"{name}: expected part train or test, found {part!r}")
    folds = FOLD_COUNTS.get(name)
    if fold is not None and folds is None:
        raise DatasetError(f"{name}: has a split of its own and no folds, found fold={fold}; leave the fold out")
    if fold is not None and folds is not None and not 0 <= fold < folds:
        raise DatasetError(f"{name}: expected a fold of 0 to {folds - 1}, found {fold}")
    try:
        opened = _OPENERS[name](folder, part, fold)
    except OSError as error:
        raise DatasetError(
            f"{error.filename or folder}: expected the files of {name}, found one that may not be read ({error.strerror}); "
            f"change its permissions or copy it again"
        ) from error
    except DatasetError as error:
        slip = unpacking_slip(folder, SIGNS[name])
        if slip is None:
            raise
        raise DatasetError(f"{error}; {slip}") from error
    if len(opened) == 0:
        raise DatasetError(f"{folder}: expected labelled faces for {part}, found none; unpack all of {name}")
    return opened


def ferplus_majority(voted: FerPlus, path: Path) -> LabelledSet:
    """The faces that count under the majority protocol, in their order; `read` gives 48 x 48 pixels.

    Raises:
        DatasetError: none does.
    """
    labels = majority_labels(voted.votes)
    rows = np.flatnonzero(labels != NOT_COUNTED)
    if not len(rows):
        raise DatasetError(f"{path}: expected faces on which most taggers agree, found none among {len(voted)}; copy it again")
    faces = tuple(LabelledFace(path, int(label)) for label in labels[rows])
    return LabelledSet("ferplus", FERPLUS_LABELS, faces, pixels=voted.images[rows])


def _affectnet(folder: Path, part: Part, fold: int | None) -> LabelledSet:
    return open_affectnet_arrays(folder, part) if has_arrays(folder, part) else open_affectnet_lists(folder, part)


def _affwild2(folder: Path, part: Part, fold: int | None) -> LabelledSet:
    return open_affwild2(folder, part)


def _raf_db(folder: Path, part: Part, fold: int | None) -> LabelledSet:
    """The folder "basic", or the one that holds it."""
    found = read_raf_db_basic(folder / "basic" if (folder / "basic").is_dir() else folder)
    faces = [
        LabelledFace(found.folder / item.image, BASIC_LABELS.index(item.label)) for item in found.pictures if item.split == part
    ]
    return LabelledSet("raf-db", tuple(label.lower() for label in BASIC_LABELS), tuple(faces))


def _ckplus(folder: Path, part: Part, fold: int | None) -> LabelledSet:
    return _one_fold(open_ckplus(folder), part, fold)


def _mmi(folder: Path, part: Part, fold: int | None) -> LabelledSet:
    """The sessions, or frames cut and named as FMPN has them, with its labels."""
    if (folder / "imgs").is_dir():
        faces = tuple(LabelledFace(item.file, item.label, item.subject) for item in read_fmpn_frames(folder, "mmi"))
        return _one_fold(LabelledSet("mmi", MMI_LABELS, faces), part, fold)
    return _one_fold(open_mmi(folder), part, fold)


def _jaffe(folder: Path, part: Part, fold: int | None) -> LabelledSet:
    return _one_fold(open_jaffe(folder), part, fold)


def _one_fold(whole: LabelledSet, part: Part, fold: int | None) -> LabelledSet:
    if fold is None:
        return whole
    people = [face.subject or "" for face in whole.faces]
    train, test = fold_rows(people, published_runs(people, FOLD_COUNTS[whole.name]), fold)
    return whole.subset(train if part == "train" else test)


def _ferplus(folder: Path, part: Part, fold: int | None) -> LabelledSet:
    return ferplus_majority(read_ferplus(folder, part), folder)


def _fmpn_ckplus(folder: Path, part: Part, fold: int | None) -> LabelledSet:
    return _fmpn(folder, "ckplus", part, fold)


def _fmpn_mmi(folder: Path, part: Part, fold: int | None) -> LabelledSet:
    return _fmpn(folder, "mmi", part, fold)


def _fmpn(folder: Path, name: FmpnName, part: Part, fold: int | None) -> LabelledSet:
    found = read_fmpn_fold(folder, name, fold or 0)
    # The two lists of any fold together are the whole set.
    chosen = {"train": found.train, "test": found.test}[part] if fold is not None else (*found.train, *found.test)
    faces = (LabelledFace(item.file, item.label, item.subject) for item in chosen)
    return LabelledSet(f"fmpn-{name}", found.labels, tuple(faces))


def _folders(folder: Path, part: Part, fold: int | None) -> LabelledSet:
    """Sub-folders train and test where there are both, otherwise all pictures for either part."""
    halves = all((folder / half).is_dir() for half in ("train", "test"))
    return open_class_folders(folder / part if halves else folder)


_OPENERS: Final[dict[str, Callable[[Path, Part, int | None], LabelledSet]]] = {
    "affectnet": _affectnet,
    "affwild2": _affwild2,
    "raf-db": _raf_db,
    "ckplus": _ckplus,
    "mmi": _mmi,
    "jaffe": _jaffe,
    "ferplus": _ferplus,
    "fmpn-ckplus": _fmpn_ckplus,
    "fmpn-mmi": _fmpn_mmi,
    "folders": _folders,
}

SIGNS: Final[dict[str, tuple[str, ...]]] = {
    "affectnet": ("training.csv", "validation.csv", "Manually_Annotated*", "train_set", "val_set", "data*.pkl"),
    "affwild2": ("EXPR_Set", "[aA]nnotations", "data_affwild2.pkl"),
    "raf-db": ("basic", "EmoLabel"),
    "ckplus": ("*cohn-kanade-images", "Emotion*"),
    "mmi": ("Sessions", "*/session.xml", "imgs"),
    "jaffe": ("[A-Z][A-Z].[A-Z][A-Z]*.tif*", "jaffe"),
    "ferplus": ("ferplus_*.npz", "FER2013*", "fer2013*.csv", "data/FER2013*", "label.csv"),
    "fmpn-ckplus": ("emotion_labels.*", "train_ids_*.csv"),
    "fmpn-mmi": ("emotion_labels.*", "train_ids_*.csv"),
    "folders": ("*/*.[jp][pn]g", "*/*.jpeg"),
}
"""Names by which a folder of each set is known, to tell a slip of unpacking from a set with files missing."""

NAMES: Final = tuple(_OPENERS)
"""What a user may type."""
