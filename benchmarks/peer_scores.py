"""From what the workers found to the figures of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peer_runs import FacesClassified, FacesFound
from realtime_fer.evaluation.detection.average_precision import (
    DetectionScores,
    score_detections,
)
from realtime_fer.evaluation.detection.pictures import LabelledPicture, picture_paths, read_labelled_picture
from realtime_fer.evaluation.ferplus_protocol import majority_report
from realtime_fer.labels import FERPLUS_LABELS

MIN_SIDES_PX = (12.0, 16.0)
"""Average precision is given twice: smaller faces, and smaller boxes that match none, count neither way."""

RECALL_SIDES_PX = (40.0, 300.0)
"""Short side of the faces that a robot talks to."""

LOOSE_OVERLAP = 0.3
"""Intersection over union at which a box is on a face, however its maker draws boxes."""

DIGITS = 4

LABELLED_BY_PEOPLE = ("mk", "rf")
"""Sources of face-detection/val whose boxes were drawn by people; the others' were proposed by a detector."""


def labelled_picture(path: Path, folder: Path) -> LabelledPicture:
    """A picture of a folder in YOLO layout with its faces.

    Raises:
        DatasetError: the picture or its labels cannot be read.
    """
    return read_labelled_picture(path, folder)[0]


def pictures_in(folder: Path, limit: int | None) -> list[Path]:
    """Its pictures by name; with a limit, so many spread over all of them.

    Raises:
        DatasetError: there are none.
    """
    return spread(picture_paths(folder), limit)


def spread(paths: Sequence[Path], limit: int | None) -> list[Path]:
    """At most `limit` of them, evenly spread."""
    if limit is None or limit >= len(paths):
        return list(paths)
    return [paths[i * len(paths) // limit] for i in range(limit)]


def score_faces(
    pictures: Mapping[Path, LabelledPicture],
    usual: Mapping[Path, FacesFound],
    thorough: Mapping[Path, FacesFound],
    without_faces: Mapping[str, Sequence[Path]],
) -> dict[str, Any]:
    """All figures of one detector.

    Args:
        pictures: what is to be found.
        usual: found at the detector's usual threshold; also on the pictures without faces.
        thorough: found with thresholds lowered, on `pictures`; for the average precision alone.
        without_faces: groups of pictures without a face.
    """
    groups = _groups(pictures)
    figures: dict[str, Any] = {}
    for side in MIN_SIDES_PX:
        figures[f"ap50_{side:g}px"] = {
            name: _rounded(max(_scores(pictures, paths, found, side).ap50 for found in (usual, thorough)))
            for name, paths in groups.items()
        }
    sized = {path: only_sizes(picture, *RECALL_SIDES_PX) for path, picture in pictures.items()}
    recalls = {name: _scores(sized, paths, usual, MIN_SIDES_PX[0]) for name, paths in groups.items()}
    figures["recall_40_300px"] = {name: _rounded(scores.recall) for name, scores in recalls.items()}
    figures[f"recall_40_300px_at_{LOOSE_OVERLAP:g}"] = {
        name: _rounded(touched_share([sized[path] for path in paths], [usual[path] for path in paths]))
        for name, paths in groups.items()
    }
    figures["faces_40_300px"] = {name: scores.faces for name, scores in recalls.items()}
    for name, paths in without_faces.items():
        counts = np.asarray([len(usual[path].faces) for path in paths])
        figures[f"false_faces_{name}"] = _rounded(float(counts.mean()))
        figures[f"pictures_with_false_face_{name}"] = _rounded(float((counts > 0).mean()))
        figures[f"pictures_{name}"] = len(counts)
    figures |= durations([usual[path].ms for path in pictures], [usual[path].cpu_ms for path in pictures])
    return figures


def only_sizes(picture: LabelledPicture, smallest_px: float, largest_px: float) -> LabelledPicture:
    """The same picture with the faces of other sizes (short side) as boxes that count neither way."""
    boxes = picture.faces_xyxy
    sides = np.min(boxes[:, 2:] - boxes[:, :2], axis=1)
    wanted = (sides >= smallest_px) & (sides <= largest_px)
    return LabelledPicture(picture.name, boxes[wanted], np.concatenate((boxes[~wanted], picture.ignored_xyxy)))


def touched_share(pictures: Sequence[LabelledPicture], found: Sequence[FacesFound]) -> float:
    """Share of the faces that some box overlaps by `LOOSE_OVERLAP` or more; nan where there are no faces."""
    touched = []
    for picture, on_picture in zip(pictures, found, strict=True):
        boxes = np.asarray([face.bbox_xyxy for face in on_picture.faces], np.float64).reshape(-1, 4)
        for face in picture.faces_xyxy.astype(np.float64):
            shared = np.maximum(np.minimum(boxes[:, 2:], face[2:]) - np.maximum(boxes[:, :2], face[:2]), 0).prod(axis=1)
            both = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (face[2:] - face[:2]).prod() - shared
            touched.append(bool((shared >= LOOSE_OVERLAP * both).any()))
    return float(np.mean(touched)) if touched else float("nan")


def score_expressions(classified: FacesClassified, labels: npt.NDArray[np.integer]) -> dict[str, Any]:
    """All figures of one classifier under the majority protocol; labels (N,) in 0..7.

    `uar_without_contempt` is the mean recall of the other seven classes, for networks that do not know contempt.
    """
    report = majority_report(classified.probabilities, labels)
    recalls = {name: _rounded(value) for name, value in report.per_class.items()}
    seven = [report.per_class[name] for name in FERPLUS_LABELS if name != "contempt"]
    return {
        "n": report.n,
        "accuracy": _rounded(report.war),
        "uar": _rounded(report.uar),
        "uar_without_contempt": _rounded(float(np.nanmean(seven))),
        "ece": _rounded(report.ece),
        "per_class": recalls,
        **durations(classified.ms, classified.cpu_ms),
    }


def score_video(result: Mapping[str, Any]) -> dict[str, Any]:
    """Frames a second and what they cost, from a video worker's one line."""
    frames = max(1, int(result["frames"]))
    return {
        "frames": int(result["frames"]),
        "frames_with_face": int(result["frames_with_face"]),
        "faces_per_frame": _rounded(result["faces"] / frames),
        "fps": round(frames / result["wall_s"], 1),
        "cpu_ms_per_frame": round(1e3 * result["cpu_s"] / frames, 2),
    }


def durations(
    ms: Sequence[float] | npt.NDArray[np.float64], cpu_ms: Sequence[float] | npt.NDArray[np.float64]
) -> dict[str, Any]:
    """Median and 95th percentile of the wall's clock; mean of the processor's, whose tick may be coarse."""
    median, tail = np.percentile(ms, (50, 95))
    return {"ms_p50": round(float(median), 3), "ms_p95": round(float(tail), 3), "cpu_s": round(float(np.mean(cpu_ms)) / 1e3, 6)}


def _groups(pictures: Mapping[Path, LabelledPicture]) -> dict[str, list[Path]]:
    """All pictures, each source (what stands before the first `_`), and those boxed by people."""
    groups: dict[str, list[Path]] = {"all": list(pictures)}
    for path in pictures:
        source = path.name.split("_")[0]
        groups.setdefault(source, []).append(path)
        if source in LABELLED_BY_PEOPLE:
            groups.setdefault("+".join(LABELLED_BY_PEOPLE), []).append(path)
    return groups


def _scores(
    pictures: Mapping[Path, LabelledPicture], paths: Sequence[Path], found: Mapping[Path, FacesFound], min_side_px: float
) -> DetectionScores:
    # Whatever was found "at the usual threshold" is above it, so the operating point here is 0.
    faces = [found[path].faces for path in paths]
    return score_detections([pictures[path] for path in paths], faces, confidence_threshold=0.0, min_side_px=min_side_px)


def _rounded(value: float) -> float | None:
    """None for nan, which JSON does not know: there was nothing to count."""
    return None if np.isnan(value) else round(float(value), DIGITS)
