"""One frame in, every face with its expression out. No threads, no sockets: the part that is the same live and offline."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from realtime_fer.detection.detector import Detector
from realtime_fer.expression.classifier import BatchEstimate, ExpressionClassifier
from realtime_fer.expression.face_crop import FaceCrop, cut_face
from realtime_fer.expression.face_quality import assess_quality
from realtime_fer.expression.motion_mask_classifier import MotionMaskEstimate
from realtime_fer.expression.smoothing import ProbabilitySmoother
from realtime_fer.labels import UNKNOWN
from realtime_fer.pipeline.motion_masks import with_motion_masks
from realtime_fer.tracking.appearance import AppearanceMemory
from realtime_fer.tracking.tracker import Tracker
from realtime_fer.types import ExpressionEstimate, FaceQuality, FaceTrack, Frame, FrameResult, TrackedExpression

UNRELATED_GAP_NS = 10_000_000_000
"""Pictures that are no film count as this far apart: longer than anything is remembered."""

DEFAULT_MIN_QUALITY = 0.1
"""Below it a face is too small, blurred, dark or cut off for people, too."""

DEFAULT_UNKNOWN_BELOW = 0.3
"""With eight classes, a best one under this says too little to be named."""


class FastPath:
    """Detect, track, crop, classify and smooth.

    Args:
        detector, tracker, classifier, smoother: the parts, built elsewhere.
        detector_interval: the detector sees every n-th frame; the tracker carries boxes between. The classifier sees
            every face on every frame all the same.
        unrelated_frames: True where frames do not follow each other in time (a folder of pictures): no face is carried
            from one to the next, and every picture is looked at by the detector.
        unknown_below: the label is "unknown" where the largest smoothed probability is smaller.
        min_quality: the label is "unknown" where the face can be seen less well, see `face_quality`.

    The result's `stage_ms` has `detect`, `track`, `crop`, `quality`, `classify`, `smooth`, `total`, and the run time of the
    networks alone, `detect_model` and `classify_model`.
    """

    def __init__(
        self,
        detector: Detector,
        tracker: Tracker,
        classifier: ExpressionClassifier,
        smoother: ProbabilitySmoother,
        *,
        detector_interval: int = 1,
        unrelated_frames: bool = False,
        unknown_below: float = DEFAULT_UNKNOWN_BELOW,
        min_quality: float = DEFAULT_MIN_QUALITY,
    ) -> None:
        if detector_interval < 1:
            raise ValueError(f"detector_interval: expected 1 or more, found {detector_interval}")
        self.detector = detector
        self.tracker = tracker
        self.classifier = classifier
        self._smoother = smoother
        self._appearance = AppearanceMemory()
        self._interval = 1 if unrelated_frames else detector_interval
        self._unrelated_frames = unrelated_frames
        self._unknown_below = unknown_below
        self._min_quality = min_quality
        self._until_detection = 0

    def process(self, frame: Frame, frames_dropped: int = 0) -> FrameResult:
        """Handle one frame; frames come in the order of their `frame_id`."""
        timer = _StageTimer()
        time_ns = frame.frame_id * UNRELATED_GAP_NS if self._unrelated_frames else frame.timeline_ns
        tracks, detector_ran = self._follow(frame, time_ns, timer)
        views = [_View(track, self._crop(frame, track)) for track in tracks]
        if detector_ran:
            # On frames the detector skips nobody was missed, so the tracker's word is enough.
            views = [view for view in views if self._still_there(view)]
        timer.lap("crop")
        qualities = [self._quality(frame, view) for view in views]
        timer.lap("quality")
        batch = self.classifier.classify([view.crop for view in views if view.crop is not None])
        timer.stage_ms["classify_model"] = self.classifier.last_model_ms
        timer.lap("classify")
        rows = iter(range(len(views)))
        faces = tuple(
            TrackedExpression(view.track, None)
            if quality is None
            else TrackedExpression(view.track, self._estimate(view.track, batch, next(rows), quality, time_ns), quality)
            for view, quality in zip(views, qualities, strict=True)
        )
        if isinstance(batch, MotionMaskEstimate) and batch.motion_masks is not None:
            classified = [view.crop is not None for view in views]
            faces = with_motion_masks(faces, classified, batch.motion_masks, margin=self.classifier.crop_margin)
        timer.lap("smooth")
        return FrameResult(
            frame=frame,
            faces=faces,
            ended_track_ids=self.tracker.ended_track_ids,
            stage_ms=timer.finish(),
            frames_dropped=frames_dropped,
            detector_ran=detector_ran,
        )

    def _follow(self, frame: Frame, time_ns: int, timer: _StageTimer) -> tuple[list[FaceTrack], bool]:
        """Tracks of this frame, and whether the detector looked at it."""
        detect_now = self._until_detection == 0
        self._until_detection = (self._until_detection + 1) % self._interval
        if detect_now:
            detections = self.detector.detect(frame.image_bgr)
            timer.stage_ms["detect_model"] = self.detector.last_model_ms
            timer.lap("detect")
            tracks = self.tracker.update(detections, time_ns, frame.width, frame.height)
        else:
            tracks = self.tracker.predict(time_ns, frame.width, frame.height)
        for track_id in self.tracker.ended_track_ids:
            self._smoother.forget(track_id)
            self._appearance.forget(track_id)
        timer.lap("track")
        return tracks, detect_now

    def _crop(self, frame: Frame, track: FaceTrack) -> FaceCrop | None:
        c = self.classifier
        return cut_face(frame.image_bgr, track.bbox_xyxy, size_px=c.crop_size_px, margin=c.crop_margin, grey=c.crop_grey)

    def _still_there(self, view: _View) -> bool:
        return self._appearance.still_there(view.track.track_id, view.crop, detected=view.track.detected)

    def _quality(self, frame: Frame, view: _View) -> FaceQuality | None:
        if view.crop is None:
            return None
        box, confidence = view.track.bbox_xyxy, view.track.confidence
        return assess_quality(view.crop, box, confidence, frame_width=frame.width, frame_height=frame.height)

    def _estimate(
        self, track: FaceTrack, batch: BatchEstimate, row: int, quality: FaceQuality, time_ns: int
    ) -> ExpressionEstimate | None:
        raw = batch.probabilities[row]
        if not np.isfinite(raw).all():  # smoothed, it would stay with this face for ever
            return None
        smoothed = self._smoother.update(track.track_id, raw, time_ns)
        best = int(smoothed.argmax())
        clear = smoothed[best] >= self._unknown_below and quality.score >= self._min_quality
        affect = None if batch.valence_arousal is None else batch.valence_arousal[row]
        return ExpressionEstimate(
            labels=self.classifier.labels,
            probabilities_raw=raw,
            probabilities=smoothed,
            label=self.classifier.labels[best] if clear else UNKNOWN,
            valence=None if affect is None else float(affect[0]),
            arousal=None if affect is None else float(affect[1]),
            valence_arousal_source=None if affect is None else "predicted",
        )


@dataclass(frozen=True, slots=True)
class _View:
    """A track and what is to be seen at its place; no crop where that is outside the frame."""

    track: FaceTrack
    crop: FaceCrop | None


class _StageTimer:
    """Milliseconds from one lap to the next, by stage."""

    def __init__(self) -> None:
        self.stage_ms: dict[str, float] = {}
        self._started_ns = self._lap_ns = time.perf_counter_ns()

    def lap(self, stage: str) -> None:
        now_ns = time.perf_counter_ns()
        self.stage_ms[stage] = (now_ns - self._lap_ns) / 1e6
        self._lap_ns = now_ns

    def finish(self) -> dict[str, float]:
        self.stage_ms["total"] = (time.perf_counter_ns() - self._started_ns) / 1e6
        return self.stage_ms
