"""Landmarks of CK+'s frames, and the cuts of faces by them.

Source: the owners' Landmarks.zip (Lucey et al., CVPR Workshops 2010); or what FMPN-FER is published with, `mtcnn_landmarks`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.five_point_crop import five_of_68, five_point_crop
from realtime_fer.datasets.labelled_faces import Cutter, LabelledFace
from realtime_fer.datasets.mtcnn_landmarks import read_mtcnn_landmarks
from realtime_fer.datasets.video_frame import ImageRgb
from realtime_fer.errors import DatasetError

LANDMARK_FOLDERS: Final = ("Landmarks", "Landmarks/Landmarks")
FMPN_LANDMARKS: Final = "bbox_landmark_mtcnn.pkl"
LANDMARKS_AGAIN: Final = "unpack CK+'s Landmarks.zip again, or take the folder away: whole frames are read then"


def find_cut(folder: Path) -> Cutter | None:
    """How to cut the faces of CK+: by the owners' landmarks, else by FMPN's; None where the folder has neither.

    Raises:
        DatasetError: FMPN's file cannot be read. The owners' files are read, and may fail, with their pictures.
    """
    landmarks = next((folder / place for place in LANDMARK_FOLDERS if any((folder / place).glob("S*"))), None)
    if landmarks is not None:
        return _by_owners_landmarks(landmarks)
    return _by_fmpn_landmarks(folder / FMPN_LANDMARKS) if (folder / FMPN_LANDMARKS).is_file() else None


def read_landmarks(path: Path) -> npt.NDArray[np.float64]:
    """The 68 points of one frame, float64 (68, 2), pixels.

    Raises:
        DatasetError: the file is missing or holds anything else.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        points = np.array([[float(value) for value in line.split()] for line in lines if line.strip()])
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{path}: expected 68 lines of x and y, found none that can be read ({error}); {LANDMARKS_AGAIN}"
        ) from error
    if points.shape != (68, 2) or not np.isfinite(points).all():
        found = "numbers that are not finite" if points.shape == (68, 2) else f"{points.shape}"
        raise DatasetError(f"{path}: expected 68 lines of x and y, found {found}; {LANDMARKS_AGAIN}")
    return points


def _by_owners_landmarks(landmarks: Path) -> Cutter:
    def cut(image_rgb: ImageRgb, face: LabelledFace) -> ImageRgb:
        subject, sequence, _ = face.picture.stem.split("_")
        points = read_landmarks(landmarks / subject / sequence / f"{face.picture.stem}_landmarks.txt")
        return five_point_crop(image_rgb, five_of_68(points))

    return cut


def _by_fmpn_landmarks(path: Path) -> Cutter:
    points = read_mtcnn_landmarks(path)

    def cut(image_rgb: ImageRgb, face: LabelledFace) -> ImageRgb:
        if face.picture.name not in points:
            raise DatasetError(
                f"{path}: expected the landmarks of {face.picture.name}, found those of {len(points)} others; take the file "
                f"away: whole frames are read then"
            )
        return five_point_crop(image_rgb, points[face.picture.name])

    return cut
