"""How well a face detector finds the labelled faces of a folder of pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError
from realtime_fer.types import FaceDetection, FloatArray, ImageBgr

IOU_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""0.50, 0.55, ... 0.95, as of COCO."""

RECALL_POINTS = np.linspace(0.0, 1.0, 101)
"""Where COCO reads the precision curve."""

MIN_SIDE_PX = 12.0
"""Faces with a shorter side below this are too small to read an expression from; they count neither way."""

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """What is to be found on one picture. Boxes: float32 xyxy in its pixels, shape (N, 4).

    Attributes:
        name: of the file; what stands before its first underscore says which source it comes from.
        faces_xyxy: the faces to find.
        ignored_xyxy: regions that are neither faces to find nor false alarms.
    """

    name: str
    faces_xyxy: FloatArray
    ignored_xyxy: FloatArray


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
        confidence_threshold: the operating point of the last four.
    """

    pictures: int
    faces: int
    ap50: float
    ap: float
    recall: float
    precision: float
    pictures_without_faces: int
    false_faces_per_empty_picture: float
    confidence_threshold: float


def evaluate_detector(
    detect: Callable[[ImageBgr], Sequence[FaceDetection]],
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
    pictures: list[LabelledPicture] = []
    found: list[Sequence[FaceDetection]] = []
    for path in _picture_paths(folder):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise DatasetError(f"{path}: not a readable picture")
        height, width = image.shape[:2]
        pictures.append(
            LabelledPicture(
                name=path.name,
                faces_xyxy=read_yolo_labels(folder / "labels" / f"{path.stem}.txt", width, height),
                ignored_xyxy=read_yolo_labels(folder / "ignore" / f"{path.stem}.txt", width, height),
            )
        )
        found.append(detect(np.asarray(image, np.uint8)))
    groups: dict[str, list[int]] = {"all": list(range(len(pictures)))}
    if by_prefix:
        for index, picture in enumerate(pictures):
            groups.setdefault(picture.name.split("_")[0], []).append(index)
    return {
        name: score_detections(
            [pictures[i] for i in members],
            [found[i] for i in members],
            confidence_threshold=confidence_threshold,
            min_side_px=min_side_px,
        )
        for name, members in groups.items()
    }


def score_detections(
    pictures: Sequence[LabelledPicture],
    found: Sequence[Sequence[FaceDetection]],
    *,
    confidence_threshold: float,
    min_side_px: float = MIN_SIDE_PX,
) -> DetectionScores:
    """Score detections that are already there; `found[i]` are those on `pictures[i]`. See `evaluate_detector`."""
    wanted: list[FloatArray] = []
    ignored: list[FloatArray] = []
    for picture in pictures:
        small = _short_sides(picture.faces_xyxy) < min_side_px
        wanted.append(picture.faces_xyxy[~small])
        ignored.append(np.concatenate((picture.faces_xyxy[small], picture.ignored_xyxy)))
    face_count = sum(len(boxes) for boxes in wanted)
    average_precisions = []
    recall = precision = float("nan")
    for iou_threshold in IOU_THRESHOLDS:
        verdicts = [
            _judge(faces, target, ignore, iou_threshold, min_side_px)
            for faces, target, ignore in zip(found, wanted, ignored, strict=True)
        ]
        confidences = np.concatenate([c for c, _ in verdicts]) if verdicts else np.zeros(0)
        correct = np.concatenate([t for _, t in verdicts]) if verdicts else np.zeros(0, bool)
        average_precisions.append(average_precision(confidences, correct, face_count))
        if iou_threshold == IOU_THRESHOLDS[0]:
            counted = correct[confidences >= confidence_threshold]
            recall = float(counted.sum()) / face_count if face_count else float("nan")
            precision = float(counted.mean()) if len(counted) else float("nan")
    # A picture whose only faces are too small to count is not one without faces.
    empty = [i for i, p in enumerate(pictures) if not len(p.faces_xyxy) and not len(p.ignored_xyxy)]
    false_faces = sum(face.confidence >= confidence_threshold for i in empty for face in found[i])
    return DetectionScores(
        pictures=len(pictures),
        faces=face_count,
        ap50=average_precisions[0],
        ap=float(np.mean(average_precisions)),
        recall=recall,
        precision=precision,
        pictures_without_faces=len(empty),
        false_faces_per_empty_picture=false_faces / len(empty) if empty else float("nan"),
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


def read_yolo_labels(path: Path, width: int, height: int) -> FloatArray:
    """Boxes of one label file as xyxy pixels of a `width` x `height` picture, float32, shape (N, 4).

    A missing or empty file means no box.

    Raises:
        DatasetError: a line is not `class cx cy w h`.
    """
    if not path.is_file():
        return np.zeros((0, 4), np.float32)
    boxes = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            _, cx, cy, w, h = (float(word) for word in line.split()[:5])
        except ValueError as error:
            raise DatasetError(f"{path}, line {number}: expected `class cx cy w h`, found {line.strip()!r}") from error
        boxes.append(((cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height))
    return np.asarray(boxes, np.float32).reshape(-1, 4)


def _judge(
    faces: Sequence[FaceDetection], wanted: FloatArray, ignored: FloatArray, iou_threshold: float, min_side_px: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Confidences of the detections that count on one picture, and which of them found a face.

    The surest chooses first, among faces not found yet, the one it covers best. One that finds none is left out where it
    lies on an ignored box or is too small to count.
    """
    surest_first = sorted(faces, key=lambda face: -face.confidence)
    boxes = np.asarray([face.bbox_xyxy for face in surest_first], np.float32).reshape(-1, 4)
    iou = _iou_matrix(boxes, wanted)
    on_ignored = (_iou_matrix(boxes, ignored) >= iou_threshold).any(axis=1) | (_short_sides(boxes) < min_side_px)
    free = np.ones(len(wanted), bool)
    confidences, correct = [], []
    for index, face in enumerate(surest_first):
        overlaps = np.where(free, iou[index], -1.0)
        best = int(overlaps.argmax()) if len(wanted) else -1
        hit = best >= 0 and overlaps[best] >= iou_threshold
        if hit:
            free[best] = False
        elif on_ignored[index]:
            continue
        confidences.append(face.confidence)
        correct.append(hit)
    return np.asarray(confidences, np.float64), np.asarray(correct, bool)


def _iou_matrix(a_xyxy: FloatArray, b_xyxy: FloatArray) -> npt.NDArray[np.float64]:
    """Intersection over union of every pair, shape (len(a), len(b))."""
    a, b = a_xyxy.astype(np.float64)[:, None], b_xyxy.astype(np.float64)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    intersection = np.maximum(sides, 0).prod(axis=-1)
    union = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1) - intersection
    return np.asarray(intersection / np.maximum(union, 1e-9), np.float64)


def _short_sides(boxes_xyxy: FloatArray) -> FloatArray:
    return np.asarray(np.min(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], axis=1), np.float32)


def _picture_paths(folder: Path) -> Iterable[Path]:
    if not (folder / "images").is_dir():
        raise DatasetError(f"{folder}: no folder images/; expected YOLO layout (images/, labels/, perhaps ignore/)")
    paths = sorted(path for path in (folder / "images").iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
    if not paths:
        raise DatasetError(f"{folder / 'images'}: no pictures ({', '.join(PICTURE_SUFFIXES)})")
    return paths
