"""Run an ONNX expression classifier over FER+ faces and score it under the majority protocol.

`realtime-fer evaluate NAME --data FILE.npz --protocol ferplus-majority --json` calls `evaluate_ferplus`; the last line
it prints is `MajorityReport.as_json`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.ferplus import NOT_COUNTED, majority_labels
from realtime_fer.datasets.ferplus_files import read_ferplus
from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.classification_report import ClassificationReport, classification_report, rounded
from realtime_fer.evaluation.metrics import class_figures
from realtime_fer.inference.session import open_session, run_session
from realtime_fer.labels import FERPLUS_LABELS

PROTOCOL = "ferplus-majority"
BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class MajorityReport(ClassificationReport):
    """The figures over FER+'s eight classes.

    Attributes:
        answered: what a limit on the top probability does, see `answered_above`; None if none was given.
    """

    answered: Mapping[str, float] | None = None

    @property
    def per_class(self) -> dict[str, float]:
        """Recall by class name; nan for a class without a face."""
        return dict(zip(self.classes, class_figures(self.confusion).recall.tolist(), strict=True))

    @property
    def support(self) -> dict[str, int]:
        """Faces of each class, by its name."""
        return dict(zip(self.classes, self.confusion.sum(axis=1).tolist(), strict=True))

    def as_dict(self) -> dict[str, Any]:
        """As every report's, and `answered` where there was a limit."""
        answered = {} if self.answered is None else {"answered": {k: rounded(v) for k, v in self.answered.items()}}
        return {**ClassificationReport.as_dict(self), **answered}


def evaluate_ferplus(
    model: Path,
    data: Path,
    *,
    size_px: int = 48,
    temperature: float = 1.0,
    bootstrap_draws: int = 0,
    intra_op_threads: int = 1,
    unknown_below: float | None = None,
    change: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]] | None = None,
) -> MajorityReport:
    """Score a classifier on the faces of an npz file.

    Args:
        model: ONNX file with input `faces`, float32 (N, 1, S, S), grey 0..255, and logits (N, 8) in FER+ order.
        data: FER+ npz file, or a folder that has its test part in any form, see `datasets.ferplus_files`.
        size_px: S; faces of another size are resized.
        temperature: divides the logits before the softmax; from the model's manifest.
        bootstrap_draws: for intervals; 0 gives none.
        unknown_below: top probability under which the service would not answer.
        change: applied to the counted images, uint8 (N, 48, 48), before the model sees them; for robustness tables.

    Raises:
        DatasetError: the file cannot be used, or no face counts.
        ModelNotFoundError, ModelCorruptError, ModelShapeError: the model cannot be used.
    """
    faces = read_ferplus(data, "test")
    labels = majority_labels(faces.votes)
    counted = labels != NOT_COUNTED
    if not counted.any():
        raise DatasetError(f"{data}: expected faces that count under {PROTOCOL}, found none among {len(faces)}")
    images, labels = faces.images[counted], labels[counted]
    if change is not None:
        images = change(images)
    probabilities = classify_images(model, images, size_px=size_px, temperature=temperature, intra_op_threads=intra_op_threads)
    report = majority_report(probabilities, labels, bootstrap_draws)
    if unknown_below is None:
        return report
    unclear = faces.images[~counted]
    others = np.zeros((0, len(FERPLUS_LABELS)))
    if len(unclear):
        others = classify_images(model, unclear, size_px=size_px, temperature=temperature, intra_op_threads=intra_op_threads)
    return replace(report, answered=answered_above(unknown_below, probabilities, labels, others))


def answered_above(
    limit: float,
    probabilities: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    unclear: npt.NDArray[np.floating],
) -> dict[str, float]:
    """What it does to answer only where the top probability is at least `limit`.

    Args:
        probabilities, labels: of the faces that count, shapes (N, C) and (N,).
        unclear: probabilities of the faces that do not count, since the crowd did not agree or saw no emotion, (M, C).

    Returns:
        `share` of the counted faces that are answered, `accuracy` of those answers, `share_unclear` of the others that
        are answered all the same; nan where there are no such faces.
    """
    answered = probabilities.max(axis=1) >= limit
    right = probabilities.argmax(axis=1) == labels
    return {
        "limit": limit,
        "share": float(answered.mean()) if len(labels) else float("nan"),
        "accuracy": float(right[answered].mean()) if answered.any() else float("nan"),
        "share_unclear": float((unclear.max(axis=1) >= limit).mean()) if len(unclear) else float("nan"),
    }


def classify_images(
    model: Path, images: npt.NDArray[np.uint8], *, size_px: int, temperature: float, intra_op_threads: int = 1
) -> npt.NDArray[np.float64]:
    """Calibrated probabilities, float64 (N, C), of grey faces, uint8 (N, H, W).

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: the model cannot be used.
    """
    session = open_session(model, intra_op_threads=intra_op_threads)
    name = session.get_inputs()[0].name
    batches = []
    for start in range(0, len(images), BATCH):
        part = [_resized(image, size_px) for image in images[start : start + BATCH]]
        batch = np.stack(part).astype(np.float32)[:, None]
        batches.append(run_session(session, None, {name: batch}, str(model))[0])
    scaled = np.concatenate(batches).astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    exponents = np.exp(scaled)
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def majority_report(
    probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.integer], bootstrap_draws: int = 0
) -> MajorityReport:
    """All figures of one run; probabilities (N, 8), labels (N,) in 0..7.

    Raises:
        ShapeError: shapes do not fit.
    """
    report = classification_report(
        {"protocol": PROTOCOL}, FERPLUS_LABELS, probabilities, labels, bootstrap_draws=bootstrap_draws
    )
    return MajorityReport(**{field.name: getattr(report, field.name) for field in fields(report)})


def _resized(image: npt.NDArray[np.uint8], size_px: int) -> npt.NDArray[np.uint8]:
    if image.shape == (size_px, size_px):
        return image
    # As the live path does it, see `expression.face_crop`.
    interpolation = cv2.INTER_AREA if min(image.shape) > size_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (size_px, size_px), interpolation=interpolation), np.uint8)
