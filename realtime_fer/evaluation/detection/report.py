"""Run a shipped detector over labelled pictures and say how good it is, for people and for programs.

`realtime-fer evaluate NAME --data DIR --protocol detection-ap --json` calls `evaluate_detection`; the last line it prints
is `DetectionReport.as_json`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime_fer.evaluation.detection.average_precision import (
    DetectionScores,
    detect_folder,
    groups_by_source,
    score_detections,
)
from realtime_fer.evaluation.detection.intervals import Interval, detection_intervals
from realtime_fer.evaluation.detection.own_size import open_for_evaluation
from realtime_fer.evaluation.detection.pictures import LabelledPicture
from realtime_fer.evaluation.detection.sizes import SizeRecall, recall_by_size, recall_in_conversation
from realtime_fer.types import FaceDetection, ImageBgr
from realtime_fer.zoo.manifest import DetectorManifest
from realtime_fer.zoo.shelf import ShelvedModel

DIGITS = 4

LARGE_FACE_PX = 40.0
"""From this shorter side on an expression can be read; faces that a robot talks to are larger."""


@dataclass(frozen=True, slots=True, eq=False)
class DetectionReport:
    """What came out.

    Attributes:
        scores: by source, "all" first.
        intervals: 95 % bootstrap intervals of `ap50`, `recall` and `precision` over all pictures.
        ap50_large: AP50 where faces under 40 px count neither way.
        conversation: recall of faces of 40 to 300 px.
        by_size: recall by size of the face.
        ms_per_image: mean time from picture to boxes.
        long_side_px: input size; None where each picture was seen at its own.
        pictures, found: what was to be found and what was, picture by picture.
    """

    scores: Mapping[str, DetectionScores]
    intervals: Mapping[str, Interval]
    ap50_large: float
    conversation: SizeRecall
    by_size: Mapping[str, SizeRecall]
    ms_per_image: float
    long_side_px: int | None
    pictures: Sequence[LabelledPicture]
    found: Sequence[Sequence[FaceDetection]]

    def as_json(self) -> str:
        """One line, numbers rounded to 4 digits, null where there was nothing to count.

        `n` pictures, `faces`, `ap50` and its interval, `ap`, `ap50_40px`, `recall`, `recall_40_300px`, `precision`,
        `false_per_negative` (false faces a picture without faces), `negatives_with_face` (share of those pictures that
        get one), `recall_by_size`, `long_side_px` (null: each picture's own), `ms_per_image`.
        """
        scores = self.scores["all"]
        values = {
            "n": scores.pictures,
            "faces": scores.faces,
            "ap50": _rounded(scores.ap50),
            "ap50_interval": [_rounded(end) for end in self.intervals["ap50"]],
            "ap": _rounded(scores.ap),
            "ap50_40px": _rounded(self.ap50_large),
            "recall": _rounded(scores.recall),
            "recall_40_300px": _rounded(self.conversation.recall),
            "precision": _rounded(scores.precision),
            "false_per_negative": _rounded(scores.false_faces_per_empty_picture),
            "negatives_with_face": _rounded(scores.empty_pictures_with_face),
            "recall_by_size": {band: _rounded(size.recall) for band, size in self.by_size.items()},
            "long_side_px": self.long_side_px,
            "ms_per_image": round(self.ms_per_image, 3),
        }
        return json.dumps(values)

    def as_text(self) -> str:
        """The same as a table, and every source."""
        every = self.scores["all"]
        threshold = f"{every.confidence_threshold:g}"
        low, high = self.intervals["ap50"]
        lines = [
            f"  {'source':<8}{'pictures':>9}{'faces':>7}{'AP50':>8}{'AP':>8}{'recall':>8}{'precision':>11}"
            f"  (last two at {threshold})"
        ]
        lines += [
            f"  {group:<8}{s.pictures:>9}{s.faces:>7}{s.ap50:>8.3f}{s.ap:>8.3f}{s.recall:>8.3f}{s.precision:>11.3f}"
            for group, s in self.scores.items()
        ]
        lines += [
            f"  AP50, 95 % bootstrap interval over pictures: {low:.3f} to {high:.3f}",
            f"  AP50 of faces of {LARGE_FACE_PX:g} px and more: {self.ap50_large:.3f}",
            f"  recall at {threshold}, by the face's shorter side:",
        ]
        lines += [f"    {band + ' px':<11}{size.recall:>6.3f}  of {size.faces}" for band, size in self.by_size.items()]
        lines.append(f"    {'40-300 px':<11}{self.conversation.recall:>6.3f}  of {self.conversation.faces}")
        if every.pictures_without_faces:
            lines.append(
                f"  pictures without a face: {every.pictures_without_faces}; {every.empty_pictures_with_face:.1%} get one, "
                f"{every.false_faces_per_empty_picture:.3f} false faces a picture"
            )
        else:
            lines.append("  pictures without a face: none")
        return "\n".join(lines)


def evaluate_detection(
    model: ShelvedModel, manifest: DetectorManifest, data: Path, *, long_side_px: int | None = None, threads: int = 1
) -> DetectionReport:
    """Run a detector's shipped file over a folder in YOLO layout.

    Args:
        model, manifest: the detector.
        data: see `average_precision.evaluate_detector`.
        long_side_px: input size; None shows each picture at its own, see `own_size`.
        threads: of the CPU.

    Raises:
        DatasetError: `data` cannot be used.
        ModelNotFoundError, ModelCorruptError, ModelShapeError: the model cannot be used.
    """
    detector = open_for_evaluation(model, manifest, long_side_px=long_side_px, threads=threads)
    durations_ms: list[float] = []

    def detect(image_bgr: ImageBgr) -> list[FaceDetection]:
        started = time.perf_counter()
        faces = detector.detect(image_bgr)
        durations_ms.append((time.perf_counter() - started) * 1000)
        return faces

    pictures, found = detect_folder(detect, data)
    return report_detections(
        pictures,
        found,
        confidence_threshold=manifest.confidence_threshold,
        ms_per_image=float(np.mean(durations_ms)),
        long_side_px=long_side_px,
    )


def report_detections(
    pictures: Sequence[LabelledPicture],
    found: Sequence[Sequence[FaceDetection]],
    *,
    confidence_threshold: float,
    ms_per_image: float,
    long_side_px: int | None,
) -> DetectionReport:
    """All figures of detections that are already there; `found[i]` are those on `pictures[i]`."""
    return DetectionReport(
        scores={
            source: score_detections(
                [pictures[i] for i in members], [found[i] for i in members], confidence_threshold=confidence_threshold
            )
            for source, members in groups_by_source(pictures).items()
        },
        intervals=detection_intervals(pictures, found, confidence_threshold=confidence_threshold),
        ap50_large=score_detections(pictures, found, confidence_threshold=confidence_threshold, min_side_px=LARGE_FACE_PX).ap50,
        conversation=recall_in_conversation(pictures, found, confidence_threshold=confidence_threshold),
        by_size=recall_by_size(pictures, found, confidence_threshold=confidence_threshold),
        ms_per_image=ms_per_image,
        long_side_px=long_side_px,
        pictures=pictures,
        found=found,
    )


def _rounded(value: float) -> float | None:
    """None for nan, which JSON does not know: there was nothing to count."""
    return None if np.isnan(value) else round(value, DIGITS)
