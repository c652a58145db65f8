"""Build every part of the service from the settings. Rooms do not know each other; they meet here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from realtime_fer.errors import ModelNotFoundError, ModelShapeError
from realtime_fer.expression.motion_mask_classifier import MotionMaskClassifier
from realtime_fer.expression.onnx_classifier import OnnxClassifier
from realtime_fer.expression.smoothing import ProbabilitySmoother
from realtime_fer.fingerprint import sha256_of
from realtime_fer.pipeline.fast_path import DEFAULT_UNKNOWN_BELOW, FastPath
from realtime_fer.settings import ClassifierSettings, DetectorSettings, ServiceSettings
from realtime_fer.zoo.manifest import DetectorManifest, ExpressionManifest
from realtime_fer.zoo.own_weights import classifier_name
from realtime_fer.zoo.precision import with_precision
from realtime_fer.zoo.shelf import find_model, verify_model

if TYPE_CHECKING:
    from realtime_fer.detection.detector import Detector

HAAR_LICENCE = "Apache-2.0"
"""Of the cascade file that opencv-python carries (OpenCV 4.5 and newer)."""

HAAR_CONFIDENCE = 0.35
"""Here a window is a face about as often as not."""

UNKNOWN_LICENCE = "LicenseRef-unknown"
"""A bare weight file says nothing about its licence."""


BARE_LONG_SIDE_PX = 640
BARE_CONFIDENCE = 0.4
BARE_IOU = 0.5
"""What a weight file without a manifest is run with, unless the settings say otherwise."""


TENTATIVE_SHARE = 0.8
"""A model's threshold is chosen for single pictures. In a film a face is looked at again: a little less may begin a track."""


@dataclass(frozen=True)
class ModelInUse:
    """What messages and the summary say about a model."""

    name: str
    version: str | None
    sha256: str
    licence: str


@dataclass(frozen=True)
class BuiltDetector:
    """A detector that also gives faces it is less sure of, which the tracker uses to keep what it follows.

    Attributes:
        confidence: score from which a single look is believed.
        tentative: score from which a detection begins a track, which is believed when it was seen several times.
    """

    detector: Detector
    confidence: float
    tentative: float
    model: ModelInUse


def build_detector(settings: DetectorSettings, *, low_confidence: float) -> BuiltDetector:
    """The detector the settings name: `haar`, an .onnx or .pt file, or a model on the shelf.

    Args:
        low_confidence: the detector gives everything from this score on.

    Raises:
        ModelError: not found, corrupt, of a wrong shape, or not a detector.
        MissingExtraError: a .pt file without the `yolo` extra.
    """
    if settings.name == "haar":
        from realtime_fer.detection.haar import HaarDetector

        confidence = settings.confidence or HAAR_CONFIDENCE
        haar = HaarDetector(confidence_threshold=min(low_confidence, confidence))
        in_use = ModelInUse(haar.name, None, sha256_of(haar.cascade_path), HAAR_LICENCE)
        return BuiltDetector(haar, confidence, confidence, in_use)
    if settings.name.endswith((".pt", ".onnx")):
        return _bare_weights(Path(settings.name), settings, low_confidence)
    from realtime_fer.detection.yolov8_face_onnx import YoloV8FaceOnnx

    model = find_model(settings.name)
    manifest = model.manifest
    if not isinstance(manifest, DetectorManifest):
        raise ModelShapeError(f"model {settings.name!r}: expected a face detector, found task {manifest.task!r}")
    verify_model(model)
    model = with_precision(model, settings.precision, providers=settings.providers)
    confidence = settings.confidence or manifest.confidence_threshold
    onnx = YoloV8FaceOnnx(
        model.weights,
        long_side_px=settings.long_side_px or manifest.long_side_px,
        confidence_threshold=min(low_confidence, confidence),
        iou_threshold=settings.iou or manifest.iou_threshold,
        intra_op_threads=settings.threads,
        providers=settings.providers,
        name=manifest.name,
    )
    in_use = ModelInUse(manifest.name, manifest.version, model.sha256, manifest.licence)
    return BuiltDetector(onnx, confidence, settings.confidence or TENTATIVE_SHARE * confidence, in_use)


def build_classifier(settings: ClassifierSettings) -> tuple[OnnxClassifier, ModelInUse]:
    """The expression classifier the settings name.

    Raises:
        ModelError: not found, corrupt, of a wrong shape, or not a classifier.
    """
    model = find_model(classifier_name(settings.name, settings.weights))
    manifest = model.manifest
    if not isinstance(manifest, ExpressionManifest):
        raise ModelShapeError(f"model {settings.name!r}: expected an expression classifier, found task {manifest.task!r}")
    verify_model(model)
    model = with_precision(model, settings.precision, providers=settings.providers)
    in_use = ModelInUse(manifest.name, manifest.version, model.sha256, manifest.licence)
    if manifest.motion_mask:
        return MotionMaskClassifier(
            model.weights,
            labels=manifest.labels,
            size_px=manifest.crop.size_px,
            margin=manifest.crop.margin,
            temperature=manifest.temperature,
            name=manifest.name,
            intra_op_threads=settings.threads,
            providers=settings.providers,
        ), in_use
    classifier = OnnxClassifier(
        model.weights,
        labels=manifest.labels,
        size_px=manifest.crop.size_px,
        margin=manifest.crop.margin,
        grey=manifest.crop.colour == "grey",
        temperature=manifest.temperature,
        name=manifest.name,
        intra_op_threads=settings.threads,
        providers=settings.providers,
    )
    return classifier, in_use


def build_fast_path(settings: ServiceSettings, *, unrelated_frames: bool = False) -> tuple[FastPath, tuple[ModelInUse, ...]]:
    """Everything between a frame and its result.

    Args:
        unrelated_frames: the frames are pictures that do not follow each other; a face is then believed at once.

    Raises:
        ModelError: see `build_detector` and `build_classifier`.
    """
    from realtime_fer.tracking.kalman_iou_tracker import KalmanIouTracker

    tracking = settings.tracker
    found = build_detector(settings.detector, low_confidence=tracking.low_confidence)
    classifier, classifier_model = build_classifier(settings.classifier)
    fast_path = FastPath(
        found.detector,
        KalmanIouTracker(
            low_confidence=min(tracking.low_confidence, found.tentative),
            birth_confidence=found.confidence if unrelated_frames else found.tentative,
            confirm_confidence=found.confidence if unrelated_frames else max(tracking.confirm_confidence, found.confidence),
            sightings_to_believe=tracking.sightings,
            max_missed_s=tracking.max_missed_s,
            report_missed_s=min(tracking.report_missed_s, tracking.max_missed_s),
        ),
        classifier,
        ProbabilitySmoother(time_constant_s=settings.classifier.smoothing_s),
        detector_interval=settings.detector.interval,
        unrelated_frames=unrelated_frames,
        unknown_below=unknown_below(settings.classifier),
        min_quality=settings.classifier.min_quality,
    )
    return fast_path, (found.model, classifier_model)


def unknown_below(settings: ClassifierSettings) -> float:
    """The top probability under which an expression is unknown: as set, else as the model's manifest says, else 0.3."""
    if settings.unknown_below is not None:
        return settings.unknown_below
    manifest = find_model(classifier_name(settings.name, settings.weights)).manifest
    if isinstance(manifest, ExpressionManifest) and manifest.abstention is not None:
        return manifest.abstention.unknown_below
    return DEFAULT_UNKNOWN_BELOW


def _bare_weights(path: Path, settings: DetectorSettings, low_confidence: float) -> BuiltDetector:
    """A weight file without a manifest: the thresholds are those of the published YOLOv8n-face."""
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: expected a weight file, found nothing there")
    long_side_px = settings.long_side_px or BARE_LONG_SIDE_PX
    confidence = settings.confidence or BARE_CONFIDENCE
    threshold = min(low_confidence, confidence)
    iou = settings.iou or BARE_IOU
    detector: Detector
    if path.suffix == ".pt":
        from realtime_fer.detection.yolov8_face_pt import YoloV8FacePt

        detector = YoloV8FacePt(path, long_side_px=long_side_px, confidence_threshold=threshold, iou_threshold=iou)
    else:
        from realtime_fer.detection.yolov8_face_onnx import YoloV8FaceOnnx

        detector = YoloV8FaceOnnx(
            path,
            long_side_px=long_side_px,
            confidence_threshold=threshold,
            iou_threshold=iou,
            intra_op_threads=settings.threads,
            providers=settings.providers,
        )
    return BuiltDetector(detector, confidence, confidence, ModelInUse(detector.name, None, sha256_of(path), UNKNOWN_LICENCE))
