"""How well a face detector finds the labelled faces of a folder of pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from realtime_fer.evaluation.detection.matching import MIN_SIDE_PX, Matching
from realtime_fer.evaluation.detection.pictures import LabelledPicture, read_pictures
from realtime_fer.types import FaceDetection, ImageBgr

IOU_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""0.50, 0.55, ... 0.95, as of COCO."""

RECALL_POINTS = np.linspace(0.0, 1.0, 101)
"""Where COCO reads the precision curve."""

Detect = Callable[[ImageBgr], Sequence[FaceDetection]]
"""A detector's `detect`."""


@dataclass(frozen=True, slots=True)
class DetectionScores:
    """Scores over some pictures; a figure that needs faces (or pictures without any) is nan where there are none.

    Attributes:
        pictures, faces: how many were counted.
        ap50: average precision at an intersection over union of 0.5.
        ap: mean of the average precisions at 0.50, 0.55, ... 0.95.
        recall: share of the faces found at 0.5 by detections at or above `confidence_threshold`.
        precision: share of those detections that are faces.
        pictures_without_faces: how many pictures have no face at all.
        false_faces_per_empty_picture: detections at or above the threshold, a picture without faces.
        empty_pictures_with_face: share of the pictures without faces that get at least one such detection.
        confidence_threshold: the operating point of recall, precision and false faces.
    """

    pictures: int
    faces: int
    ap50: float
    ap: float
    recall: float
    precision: float
    pictures_without_faces: int
    false_faces_per_empty_picture: float
    empty_pictures_with_face: float
    confidence_threshold: float


def evaluate_detector(
    detect: Detect,
    folder: Path,
    *,
    confidence_threshold: float,
    min_side_px: float = MIN_SIDE_PX,
    by_prefix: bool = False,
) -> dict[str, DetectionScores]:
    """Run a detector over a folder in YOLO layout and score it.

    Args:
        detect: a detector's `detect`. For the average precision it should return faces of low confidence as well.
        folder: holds `images/`, `labels/` and perhaps `ignore/`; label lines are `class cx cy w h`, normalised; no file
            means no face.
        confidence_threshold: operating point for recall, precision and false faces.
        min_side_px: smaller faces, and smaller detections that match none, count neither way.
        by_prefix: score each source (what stands before the first `_` of a file's name) as well.

    Returns:
        Scores by name: "all", and with `by_prefix` one entry a source.

    Raises:
        DatasetError: the layout is not there, a picture cannot be read, or a label line is wrong.
    """
    pictures, found = detect_folder(detect, folder)
    groups = groups_by_source(pictures) if by_prefix else {"all": list(range(len(pictures)))}
    return {
        name: score_detections(
            [pictures[i] for i in members],
            [found[i] for i in members],
            confidence_threshold=confidence_threshold,
            min_side_px=min_side_px,
        )
        for name, members in groups.items()
    }


def detect_folder(detect: Detect, folder: Path) -> tuple[list[LabelledPicture], list[Sequence[FaceDetection]]]:
    """What is to be found on each picture of a folder in YOLO layout, and what a detector finds on it.

    Raises:
        DatasetError: as `evaluate_detector`.
    """
    pictures: list[LabelledPicture] = []
    found: list[Sequence[FaceDetection]] = []
    for picture, image in read_pictures(folder):
        pictures.append(picture)
        found.append(detect(image))
    return pictures, found


def groups_by_source(pictures: Sequence[LabelledPicture]) -> dict[str, list[int]]:
    """Places of the pictures of each source, in the order of their first picture, after those of "all"."""
    groups: dict[str, list[int]] = {"all": list(range(len(pictures)))}
    for index, picture in enumerate(pictures):
        groups.setdefault(picture.source, []).append(index)
    return groups


def score_detections(
    pictures: Sequence[LabelledPicture],
    found: Sequence[Sequence[FaceDetection]],
    *,
    confidence_threshold: float,
    min_side_px: float = MIN_SIDE_PX,
) -> DetectionScores:
    """Score detections that are already there; `found[i]` are those on `pictures[i]`. See `evaluate_detector`."""
    matchings = [Matching(picture, faces, min_side_px=min_side_px) for picture, faces in zip(pictures, found, strict=True)]
    face_count = sum(len(matching.wanted_xyxy) for matching in matchings)
    average_precisions = []
    recall = precision = float("nan")
    for iou_threshold in IOU_THRESHOLDS:
        verdicts = [matching.judge(iou_threshold) for matching in matchings]
        confidences = np.concatenate([v.confidences for v in verdicts]) if verdicts else np.zeros(0)
        correct = np.concatenate([v.correct for v in verdicts]) if verdicts else np.zeros(0, bool)
        average_precisions.append(average_precision(confidences, correct, face_count))
        if iou_threshold == IOU_THRESHOLDS[0]:
            counted = correct[confidences >= confidence_threshold]
            recall = float(counted.sum()) / face_count if face_count else float("nan")
            precision = float(counted.mean()) if len(counted) else float("nan")
    false_faces = np.array(
        [
            sum(face.confidence >= confidence_threshold for face in faces)
            for picture, faces in zip(pictures, found, strict=True)
            if picture.without_faces
        ]
    )
    return DetectionScores(
        pictures=len(pictures),
        faces=face_count,
        ap50=average_precisions[0],
        ap=float(np.mean(average_precisions)),
        recall=recall,
        precision=precision,
        pictures_without_faces=len(false_faces),
        false_faces_per_empty_picture=float(false_faces.mean()) if len(false_faces) else float("nan"),
        empty_pictures_with_face=float((false_faces > 0).mean()) if len(false_faces) else float("nan"),
        confidence_threshold=confidence_threshold,
    )


def average_precision(confidences: npt.NDArray[np.floating], correct: npt.NDArray[np.bool_], faces: int) -> float:
    """Mean over 101 recalls of the best precision at that recall or above; nan where there are no faces.

    Args:
        confidences: shape (N,), of every detection on every picture.
        correct: shape (N,), which of them found a face.
        faces: how many there were to find.

    Source: the COCO detection evaluation (Lin et al., ECCV 2014).
    """
    if faces == 0:
        return float("nan")
    order = np.argsort(-confidences, kind="stable")
    hits = np.cumsum(correct[order])
    if not len(hits):
        return 0.0
    recall = hits / faces
    precision = hits / np.arange(1, len(hits) + 1)
    # The best precision at this recall or a higher one.
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, RECALL_POINTS, side="left")
    return float(np.where(places < len(envelope), envelope[np.minimum(places, len(envelope) - 1)], 0.0).mean())
