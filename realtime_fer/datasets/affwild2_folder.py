"""Aff-Wild2's folder as faces: the owners' cut frames beside their annotations, or Emotion-GCN's pickle of those."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from realtime_fer.datasets.affectnet_folder import Part
from realtime_fer.datasets.affwild2 import (
    AGAIN,
    REQUEST_AT,
    SPLIT_FOLDERS,
    AffWild2Frame,
    Split,
    annotation_files,
    read_affwild2,
)
from realtime_fer.datasets.emotion_gcn_pickles import read_affwild2_pickle
from realtime_fer.datasets.labelled_faces import LabelledFace, LabelledSet
from realtime_fer.datasets.listed_files import require_files
from realtime_fer.errors import DatasetError
from realtime_fer.labels import AFFWILD2_LABELS

ANNOTATION_FOLDERS: Final = ("", "annotations", "Annotations")
FRAME_FOLDERS: Final = ("cropped_aligned", "")
PICKLE: Final = "data_affwild2.pkl"
FRAMES_AGAIN: Final = f"unpack Aff-Wild2's cropped-aligned images there (on request: {REQUEST_AT})"


def open_affwild2(folder: Path, part: Part) -> LabelledSet:
    """Frames with expression, valence and arousal; "test" is the validation split. `read` gives them whole, 112 x 112.

    Args:
        folder: holds EXPR_Set and VA_Set (or annotations/ with them, or data_affwild2.pkl) and the videos' folders of frames,
            directly or in cropped_aligned.

    Raises:
        DatasetError: annotations or the frames of a video are missing, or a line cannot be read.
    """
    frames = next(folder / place for place in FRAME_FOLDERS if not place or (folder / place).is_dir())
    annotations = next((folder / place for place in ANNOTATION_FOLDERS if (folder / place / "EXPR_Set").is_dir()), None)
    if annotations is not None:
        found = _annotated(annotations, frames, part)
    elif (folder / PICKLE).is_file():
        found = sorted(
            read_affwild2_pickle(folder / PICKLE, "train" if part == "train" else "val"), key=lambda item: item.frame
        )
        require_files(frames, [item.frame for item in found], PICKLE, FRAMES_AGAIN)
    else:
        raise DatasetError(
            f"{folder / 'EXPR_Set'}: no such folder, nor {PICKLE}; expected Aff-Wild2's annotations, EXPR_Set and VA_Set "
            f"(on request: {REQUEST_AT})"
        )
    faces = [
        LabelledFace(frames / item.frame, item.expression, item.frame.split("/")[0], valence=item.valence, arousal=item.arousal)
        for item in found
    ]
    return LabelledSet("affwild2", AFFWILD2_LABELS, tuple(faces))


def _annotated(annotations: Path, frames: Path, part: Part) -> list[AffWild2Frame]:
    split: Split = "train" if part == "train" else "validation"
    expressions = annotations / "EXPR_Set" / SPLIT_FOLDERS[split]
    videos = [path.stem for path in annotation_files(expressions)]
    if not videos:
        raise DatasetError(f"{expressions}: expected a text file for each video, found none; {AGAIN}")
    absent = [video for video in videos if next((frames / video).glob("*.jpg"), None) is None]
    if absent:
        raise DatasetError(
            f"{frames / absent[0]}: expected the frames of a video, 00001.jpg and so on, found none, as of {len(absent) - 1} "
            f"more of {len(videos)} videos; {FRAMES_AGAIN}"
        )
    return read_affwild2(annotations, frames, split)
