"""What an expression classifier says about every face of a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ModelShapeError
from realtime_fer.evaluation.asking import Progress
from realtime_fer.evaluation.face_fitting import PUBLISHED_FMPN_MARGIN, Resize, fit_face
from realtime_fer.expression.face_crop import FaceCrop
from realtime_fer.expression.motion_mask_classifier import MotionMaskClassifier
from realtime_fer.expression.onnx_classifier import OnnxClassifier
from realtime_fer.types import FloatArray
from realtime_fer.zoo.manifest import ExpressionManifest
from realtime_fer.zoo.shelf import ShelvedModel

BATCH_PIXELS: Final = 64 * 48 * 48
"""Faces of one run, times their pixels: 64 of the shipped classifier's, one or two of the published networks', whose layers
would otherwise fill the memory."""

ReadFace = Callable[[int], npt.NDArray[np.uint8]]
"""From an index to a picture, uint8 (H, W, 3), RGB."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassifierAnswers:
    """Of N faces.

    Attributes:
        probabilities: calibrated as the service has them, float32 (N, C).
        affect: valence and arousal as the network gives them, float32 (N, 2), not cut to [-1, 1] as the service does: so
            the published figures were made. None where the model does not predict them.
    """

    probabilities: FloatArray
    affect: FloatArray | None


class _WithRawAffect(OnnxClassifier):
    """Keeps valence and arousal as they are before they are cut to their range."""

    raw_affect: FloatArray | None = None

    def _run(self, batch: FloatArray) -> list[FloatArray]:
        outputs = super()._run(batch)
        self.raw_affect = outputs[1] if len(outputs) > 1 else None
        return outputs


def expression_manifest(model: ShelvedModel) -> ExpressionManifest:
    """The manifest of an expression classifier.

    Raises:
        ModelShapeError: the model is for something else.
    """
    manifest = model.manifest
    if not isinstance(manifest, ExpressionManifest):
        raise ModelShapeError(f"{manifest.name}: expected an expression classifier, found a model for {manifest.task}")
    return manifest


def default_margin(model: ShelvedModel) -> float:
    """What a data set's pictures are widened by for a model: nothing, but the published cut for FMPN."""
    manifest = expression_manifest(model)
    # A margin of exactly 0 is a network that was shown whole pictures in training.
    return PUBLISHED_FMPN_MARGIN if manifest.motion_mask and manifest.crop.margin != 0 else 0.0


def classify_faces(
    model: ShelvedModel,
    read: ReadFace,
    rows: Sequence[int] | npt.NDArray[np.integer],
    *,
    margin: float | None = None,
    resize: Resize = "service",
    threads: int = 1,
    progress: Progress | None = None,
) -> ClassifierAnswers:
    """Run a model over some faces.

    Args:
        model: any expression classifier; the weight file it is set to is run.
        read: gives the picture of a row.
        rows: at least one.
        margin, resize: see `face_fitting.fit_face`; a margin of None is `default_margin`.

    Raises:
        ModelError: the model cannot be used, or is no expression classifier.
        DatasetError: a picture cannot be read.
    """
    manifest = expression_manifest(model)
    classifier = _open(model.weights, manifest, threads)
    margin = default_margin(model) if margin is None else margin
    crop = manifest.crop
    batch = max(1, BATCH_PIXELS // crop.size_px**2)
    probabilities, affect = [], []
    for start in range(0, len(rows), batch):
        crops: list[FaceCrop] = [
            fit_face(read(int(row)), size_px=crop.size_px, grey=crop.colour == "grey", margin=margin, resize=resize)
            for row in rows[start : start + batch]
        ]
        probabilities.append(classifier.classify(crops).probabilities)
        if isinstance(classifier, _WithRawAffect) and classifier.raw_affect is not None:
            affect.append(classifier.raw_affect)
        if progress is not None:
            progress(start + len(crops), len(rows))
    return ClassifierAnswers(np.concatenate(probabilities), np.concatenate(affect) if affect else None)


def _open(path: Path, manifest: ExpressionManifest, threads: int) -> _WithRawAffect | MotionMaskClassifier:
    if manifest.motion_mask:
        return MotionMaskClassifier(
            path,
            labels=manifest.labels,
            size_px=manifest.crop.size_px,
            margin=manifest.crop.margin,
            temperature=manifest.temperature,
            name=manifest.name,
            intra_op_threads=threads,
        )
    return _WithRawAffect(
        path,
        labels=manifest.labels,
        size_px=manifest.crop.size_px,
        margin=manifest.crop.margin,
        grey=manifest.crop.colour == "grey",
        temperature=manifest.temperature,
        name=manifest.name,
        intra_op_threads=threads,
    )
