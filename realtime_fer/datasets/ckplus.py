"""The Extended Cohn-Kanade set (CK+) as its owners distribute it: sequences from a neutral face to the peak of an expression.

    extended-cohn-kanade-images/cohn-kanade-images/S005/001/S005_001_00000001.png    the outer folder may be left out
    Emotion/S005/001/S005_001_00000011_emotion.txt    one number: 1 anger .. 7 surprise; also below Emotion_labels/
    Landmarks/S005/001/S005_001_00000011_landmarks.txt    68 lines of x and y; optional
    bbox_landmark_mtcnn.pkl    five points of each frame, from FMPN's repository; optional

327 of the 593 sequences have a label; the folders of the others in Emotion are empty.

Source: Lucey et al., "The Extended Cohn-Kanade Dataset (CK+)", CVPR Workshops 2010.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from realtime_fer.datasets.ckplus_landmarks import find_cut
from realtime_fer.datasets.labelled_faces import LabelledFace, LabelledSet
from realtime_fer.errors import DatasetError
from realtime_fer.labels import CKPLUS_LABELS

log = logging.getLogger(__name__)

REQUEST_AT: Final = "https://www.jeffcohn.net/Resources/"
LABELLED_SEQUENCES: Final = 327

PEAK_FRAMES: Final = 3
"""How many frames at a sequence's end show its expression, in FMPN's protocol and most others."""

PEOPLE_WITHOUT_LABEL: Final = 5
"""Of 123; if more lack one, files are missing."""

IMAGE_FOLDERS: Final = ("extended-cohn-kanade-images/cohn-kanade-images", "cohn-kanade-images")
LABELS_AGAIN: Final = f"unpack CK+'s Emotion_labels.zip again (on request: {REQUEST_AT})"
LABEL_FOLDERS: Final = ("Emotion", "Emotion_labels/Emotion")


@dataclass(frozen=True, slots=True)
class CkPlusSequence:
    """One labelled sequence.

    Attributes:
        subject: "S005".
        name: "S005_001".
        label: index into `CKPLUS_LABELS`.
        frames: all its pictures, the neutral one first, the peak last.
    """

    subject: str
    name: str
    label: int
    frames: tuple[Path, ...]


def read_ckplus(folder: Path) -> list[CkPlusSequence]:
    """Every labelled sequence, by name. Warns in the log where there are less than there should be.

    Raises:
        DatasetError: pictures or labels are missing, do not belong together, or a label cannot be read.
    """
    images = _inner(folder, IMAGE_FOLDERS, "pictures", "extended-cohn-kanade-images.zip")
    labels = _inner(folder, LABEL_FOLDERS, "labels", "Emotion_labels.zip")
    files = sorted(labels.glob("S*/*/S*_emotion.txt"))
    if not files:
        raise DatasetError(
            f"{labels}: expected labels such as S005/001/S005_001_00000011_emotion.txt, found none; {LABELS_AGAIN}"
        )
    sequences, broken = [], []
    for file in files:
        peak = file.name.removesuffix("_emotion.txt")
        frames = tuple(sorted((images / file.parent.parent.name / file.parent.name).glob("S*.png")))
        if len(frames) <= PEAK_FRAMES or frames[-1].stem != peak:
            broken.append((file, len(frames)))
            continue
        subject, _, _ = peak.partition("_")
        sequences.append(CkPlusSequence(subject, peak.rpartition("_")[0], _label(file), frames))
    if broken:
        file, count = broken[0]
        peak_picture = f"{file.parent.parent.name}/{file.parent.name}/{file.name.removesuffix('_emotion.txt')}.png"
        raise DatasetError(
            f"{images / peak_picture}: expected a sequence that ends with this frame, found {count} frames; it is so with "
            f"{len(broken)} of {len(files)} labelled sequences; unpack CK+'s images again (on request: {REQUEST_AT})"
        )
    people = {path.name for path in images.glob("S*") if path.is_dir()}
    unlabelled = people - {sequence.subject for sequence in sequences}
    if len(unlabelled) > PEOPLE_WITHOUT_LABEL:
        raise DatasetError(
            f"{labels / min(unlabelled)}: expected labels of all but {PEOPLE_WITHOUT_LABEL} people, found none of "
            f"{len(unlabelled)} of {len(people)}; {LABELS_AGAIN}"
        )
    if len(sequences) < LABELLED_SEQUENCES:
        # No error: a part of the set may be meant to be one, and whoever took it knows.
        log.warning(
            "%s: expected CK+'s %d labelled sequences, found %d; if you want all of them, unpack its images and labels again "
            "(on request: %s); the folds of a part are not the published ones",
            folder,
            LABELLED_SEQUENCES,
            len(sequences),
            REQUEST_AT,
        )
    return sequences


def open_ckplus(folder: Path, *, peak_frames: int = PEAK_FRAMES, neutral: bool = False) -> LabelledSet:
    """The peak frames of every labelled sequence, by name.

    `read` cuts the face by the owners' landmarks where they are unpacked, else by those that FMPN is published with where
    `bbox_landmark_mtcnn.pkl` is in the folder, see `five_point_crop`; else it leaves the frame whole.

    Args:
        peak_frames: how many from the end.
        neutral: take each sequence's first frame too, under an eighth label, "neutral".

    Raises:
        DatasetError: see `read_ckplus`; or FMPN's landmarks cannot be read.
    """
    faces = []
    for sequence in read_ckplus(folder):
        if neutral:
            faces.append(LabelledFace(sequence.frames[0], len(CKPLUS_LABELS), sequence.subject))
        faces += [LabelledFace(frame, sequence.label, sequence.subject) for frame in sequence.frames[-peak_frames:]]
    labels = (*CKPLUS_LABELS, "neutral") if neutral else CKPLUS_LABELS
    return LabelledSet("ckplus", labels, tuple(faces), cut=find_cut(folder))


def _label(file: Path) -> int:
    try:
        text = file.read_text(encoding="utf-8-sig").strip()
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file}: expected a label, found a file that cannot be read ({error}); {LABELS_AGAIN}") from error
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if value not in range(1, len(CKPLUS_LABELS) + 1):
        raise DatasetError(f"{file}: expected a label of 1 to {len(CKPLUS_LABELS)}, found {text[:40]!r}; {LABELS_AGAIN}")
    return int(value) - 1


def _inner(folder: Path, places: tuple[str, ...], what: str, archive: str) -> Path:
    for place in places:
        if (folder / place).is_dir():
            return folder / place
    raise DatasetError(
        f"{folder / places[0]}: no such folder; expected CK+'s {what}, from {archive} as its owners distribute it "
        f"(on request: {REQUEST_AT})"
    )
