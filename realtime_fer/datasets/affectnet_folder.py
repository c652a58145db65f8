"""AffectNet as its owners distribute it, in the older layout: two lists, and photographs in numbered folders.

    Manually_Annotated_file_lists/training.csv, validation.csv     or beside the folder of pictures
    Manually_Annotated_Images/<number>/<name>.jpg                  also below Manually_Annotated/, or the number right here

The newer layout has a file of numbers for each face: `affectnet_arrays`. In place of the lists there may be the pickle that
Emotion-GCN's authors make of them, data_affectnet.pkl or data.pkl.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np

from realtime_fer.datasets.affectnet import AffectNetFace, cut_levelled, level, read_affectnet
from realtime_fer.datasets.emotion_gcn_pickles import read_affectnet_pickle
from realtime_fer.datasets.labelled_faces import LabelledFace, LabelledSet
from realtime_fer.datasets.listed_files import require_files
from realtime_fer.datasets.video_frame import ImageRgb
from realtime_fer.errors import DatasetError
from realtime_fer.labels import AFFECTNET_LABELS

Part = Literal["train", "test"]

REQUEST_AT: Final = "http://mohammadmahoor.com/affectnet/"
LISTS: Final[dict[Part, str]] = {"train": "training.csv", "test": "validation.csv"}
"""AffectNet's validation faces are what published figures test on; its own test split was never given out."""

PICKLES: Final = ("data_affectnet.pkl", "data.pkl")
LIST_FOLDERS: Final = ("", "Manually_Annotated_file_lists")
LARGEST_BOX: Final = 4
"""Longest side of a face's box, of the picture's; boxes do hang over its border, but a larger one is a damaged row."""

PICTURE_FOLDERS: Final = ("Manually_Annotated_Images", "Manually_Annotated/Manually_Annotated_Images", "Manually_Annotated", "")


def open_affectnet_lists(folder: Path, part: Part) -> LabelledSet:
    """The seven expressions; `read` gives the levelled cut that Emotion-GCN was trained on.

    Raises:
        DatasetError: the list, the pictures or some of them are missing, or a row of the list cannot be read.
    """
    listed = next((folder / place / LISTS[part] for place in LIST_FOLDERS if (folder / place / LISTS[part]).is_file()), None)
    pickled = next((folder / name for name in PICKLES if (folder / name).is_file()), None)
    if listed is not None:
        faces = read_affectnet(listed)
    elif pickled is not None:
        listed, faces = pickled, read_affectnet_pickle(pickled, "train" if part == "train" else "val")
    else:
        raise DatasetError(
            f"{folder / LISTS[part]}: no such file, nor in {LIST_FOLDERS[1]}, nor folders train_set and val_set; expected "
            f"AffectNet's lists and pictures (on request: {REQUEST_AT})"
        )
    pictures = picture_folder(folder, faces, listed)
    return LabelledSet("affectnet", AFFECTNET_LABELS, tuple(labelled(face, pictures) for face in faces), cut=levelled_cut)


def picture_folder(folder: Path, faces: list[AffectNetFace], listed: Path) -> Path:
    """The folder that all pictures of a list are found in.

    Raises:
        DatasetError: the list is empty, or pictures are missing; it names the first and counts the others.
    """
    if not faces:
        raise DatasetError(
            f"{listed}: expected faces with one of the {len(AFFECTNET_LABELS)} expressions, found none; unpack it again"
        )
    places = [folder / place for place in PICTURE_FOLDERS]
    pictures = next((place for place in places if (place / faces[0].picture).is_file()), None)
    if pictures is None:
        pictures = next(place for place in places if place.is_dir() or place == folder)
    advice = f"unpack all parts of AffectNet's manually annotated images there (on request: {REQUEST_AT})"
    require_files(pictures, [face.picture for face in faces], listed.name, advice)
    return pictures


def labelled(face: AffectNetFace, pictures: Path) -> LabelledFace:
    """A row of a list in the common shape."""
    return LabelledFace(
        picture=pictures / face.picture,
        label=face.expression,
        box_xywh=face.box_xywh,
        left_eye=face.left_eye,
        right_eye=face.right_eye,
        valence=face.valence,
        arousal=face.arousal,
    )


def levelled_cut(image_rgb: ImageRgb, face: LabelledFace) -> ImageRgb:
    """The published cut: eyes brought level, then the face's box; see `affectnet.level` and `affectnet.cut_levelled`.

    Raises:
        DatasetError: the face lacks box or eyes, or its box is empty or beyond all measure.
    """
    if face.box_xywh is None or face.left_eye is None or face.right_eye is None or min(face.box_xywh[2:]) < 1:
        raise DatasetError(
            f"{face.picture}: expected a face box and two eyes to cut by, found {face.box_xywh}; copy the list again"
        )
    if max(face.box_xywh[2:]) > LARGEST_BOX * max(image_rgb.shape[:2]):
        raise DatasetError(
            f"{face.picture}: expected a face box about as large as the picture at most, {image_rgb.shape[1]} x "
            f"{image_rgb.shape[0]}, found {face.box_xywh}; copy the list again from the owners' archive"
        )
    row = AffectNetFace("", face.box_xywh, face.label, 0.0, 0.0, face.left_eye, face.right_eye)
    image_bgr = np.asarray(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR), np.uint8)
    return cut_levelled(level(image_bgr, row), row)
