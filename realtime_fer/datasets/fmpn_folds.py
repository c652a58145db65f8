"""The folder of CK+ or MMI that FMPN-FER is published with.

    imgs/<subject>_<sequence>_<frame>.png   cut faces; not given out, to be made by the user (`five_point_crop`)
    train_ids_<k>.csv, test_ids_<k>.csv     the lists of fold k, 0 to 9
    emotion_labels.pkl                      label of each sequence; here also as emotion_labels.json
    imgs_res/<k>/<class>.png                the motion masks that fold k trains with

Source: donydchen/FMPN-FER, datasets; Chen et al., "Facial Motion Prior Networks for Facial Expression Recognition", VCIP 2019.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from realtime_fer.datasets.listed_files import require_files
from realtime_fer.datasets.plain_pickle import load_pickle
from realtime_fer.datasets.split_files import read_split, split_paths, subject_of
from realtime_fer.errors import DatasetError
from realtime_fer.labels import CKPLUS_LABELS, MMI_LABELS

FmpnName = Literal["ckplus", "mmi"]

FOLDS: Final = 10
LISTS_AT: Final = "https://github.com/donydchen/FMPN-FER"
LABELS: Final[dict[FmpnName, tuple[str, ...]]] = {"ckplus": CKPLUS_LABELS, "mmi": MMI_LABELS}
FIRST_LABEL: Final[dict[FmpnName, int]] = {"ckplus": 1, "mmi": 0}
"""The number that class 0 has in the label file."""

UNLABELLED: Final = -1
CUT_FACES: Final = "cut the faces of the set's frames and put them there under these names"


@dataclass(frozen=True, slots=True)
class FmpnPicture:
    """One frame: its file, its class in the set's order, and who it shows."""

    file: Path
    label: int
    subject: str


@dataclass(frozen=True, slots=True)
class FmpnFold:
    """One fold, checked: no person is in both lists.

    Attributes:
        labels: class names.
        train, test: in the order of the lists.
        masks: the folder with this fold's masks, `<class>.png`; it need not exist.
    """

    labels: tuple[str, ...]
    train: tuple[FmpnPicture, ...]
    test: tuple[FmpnPicture, ...]
    masks: Path


def read_fmpn_fold(folder: Path, name: FmpnName, fold: int, *, need_pictures: bool = True) -> FmpnFold:
    """One fold of the published cross-validation.

    Args:
        need_pictures: raise where a listed picture is not in imgs.

    Raises:
        DatasetError: lists, labels or pictures are missing or do not belong together, or a person is in both lists.
    """
    if not 0 <= fold < FOLDS:
        raise DatasetError(f"{folder}: expected a fold of 0 to {FOLDS - 1}, found {fold}")
    of_sequence = read_fmpn_labels(folder, name)
    names = read_split(folder, fold)
    lists = split_paths(folder, fold)
    train, test = (
        tuple(_picture(folder, path, item, of_sequence) for item in items)
        for path, items in zip(lists, (names.train, names.test), strict=True)
    )
    shared = {picture.subject for picture in train} & {picture.subject for picture in test}
    if shared:
        raise DatasetError(
            f"{lists[1]}: expected people who are not in {lists[0].name}, found {', '.join(sorted(shared))} in both"
        )
    if need_pictures:
        listed = [picture.file.name for picture in (*train, *test)]
        require_files(folder / "imgs", listed, f"fold {fold}", CUT_FACES)
    return FmpnFold(LABELS[name], train, test, folder / "imgs_res" / str(fold))


def read_fmpn_frames(folder: Path, name: FmpnName) -> list[FmpnPicture]:
    """Every picture in imgs that belongs to a labelled sequence, by name; needs no lists.

    Raises:
        DatasetError: labels or pictures are missing, or a picture has another name.
    """
    of_sequence = read_fmpn_labels(folder, name)
    files = sorted((folder / "imgs").glob("[!.]*.png"))
    labels = [(file, subject_of(file.name), of_sequence.get(file.name.rpartition("_")[0])) for file in files]
    found = [FmpnPicture(file, label, subject) for file, subject, label in labels if label is not None]
    if not found:
        raise DatasetError(
            f"{folder / 'imgs'}: expected pictures such as S005_001_00000009.png of labelled sequences, found {len(files)} of "
            f"others; {CUT_FACES}"
        )
    return found


def read_fmpn_labels(folder: Path, name: FmpnName) -> dict[str, int]:
    """Class of each labelled sequence, "S005_001" -> 2; from emotion_labels.pkl, or else emotion_labels.json.

    Raises:
        DatasetError: there is neither, or a label is none of the set's.
    """
    pickled, plain = folder / "emotion_labels.pkl", folder / "emotion_labels.json"
    if pickled.is_file():
        path, content = pickled, load_pickle(pickled, "FMPN's labels")
    elif plain.is_file():
        path, content = plain, _json(plain)
    else:
        raise DatasetError(
            f"{pickled}: no such file, nor {plain.name}; expected FMPN's folder for {name} with lists and labels ({LISTS_AT})"
        )
    if not isinstance(content, dict) or not content:
        raise DatasetError(f"{path}: expected labels of sequences such as S005_001, found {type(content).__name__}")
    return {
        sequence: label - FIRST_LABEL[name]
        for sequence, label in ((str(key), _label(path, key, value, name)) for key, value in content.items())
        if label != UNLABELLED
    }


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(
            f"{path}: expected labels as JSON, found a file that cannot be read ({error}); write it again"
        ) from error


def _label(path: Path, sequence: Any, value: Any, name: FmpnName) -> int:
    first, last = FIRST_LABEL[name], FIRST_LABEL[name] + len(LABELS[name]) - 1
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if not isinstance(sequence, str) or not is_number or not (first <= value <= last or value == UNLABELLED):
        raise DatasetError(
            f"{path}: {sequence!r}: expected a label of {first} to {last}, or {UNLABELLED} for none, found {value!r}; "
            f"is this the folder of {name}?"
        )
    return int(value)


def _picture(folder: Path, path: Path, name: str, of_sequence: dict[str, int]) -> FmpnPicture:
    try:
        subject = subject_of(name)
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}; get the list again ({LISTS_AT})") from error
    label = of_sequence.get(name.rpartition("_")[0])
    if label is None:
        raise DatasetError(
            f"{path}: {name}: expected a frame of a labelled sequence, found one without a label; get lists and labels again, "
            f"from one place ({LISTS_AT})"
        )
    return FmpnPicture(folder / "imgs" / name, label, subject)
