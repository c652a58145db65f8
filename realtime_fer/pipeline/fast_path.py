"""One frame in, every face with its expression out. No threads, no sockets: the part that is the same live and offline."""

from __future__ import annotations

import time
from collections.abc import Sequence

from realtime_fer.detection.detector import Detector
from realtime_fer.expression.classifier import ExpressionClassifier
from realtime_fer.expression.face_crop import FaceCrop, cut_face
from realtime_fer.expression.smoothing import ProbabilitySmoother
from realtime_fer.labels import UNKNOWN
from realtime_fer.tracking.appearance import AppearanceMemory
from realtime_fer.tracking.tracker import Tracker
from realtime_fer.types import ExpressionEstimate, FaceDetection, FaceTrack, Frame, FrameResult, TrackedExpression

UNRELATED_GAP_NS = 10_000_000_000
"""Pictures that are no film count as this far apart: longer than anything is remembered."""

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

    The result's `stage_ms` has `detect`, `track`, `crop`, `classify`, `smooth`, `total`, and the run time of the
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
        self._until_detection = 0

    def process(self, frame: Frame, frames_dropped: int = 0) -> FrameResult:
        """Handle one frame; frames come in the order of their `frame_id`."""
        stage_ms: dict[str, float] = {}
        time_ns = frame.frame_id * UNRELATED_GAP_NS if self._unrelated_frames else frame.timeline_ns
        started = lap = time.perf_counter_ns()
        detections: list[FaceDetection] | None = None
        if self._until_detection == 0:
            detections = self.detector.detect(frame.image_bgr)
            stage_ms["detect_model"] = self.detector.last_model_ms
            lap = _lap(stage_ms, "detect", lap)
        self._until_detection = (self._until_detection + 1) % self._interval

        if detections is not None:
            tracks = self.tracker.update(detections, time_ns, frame.width, frame.height)
        else:
            tracks = self.tracker.predict(time_ns, frame.width, frame.height)
        for track_id in self.tracker.ended_track_ids:
            self._smoother.forget(track_id)
            self._appearance.forget(track_id)
        lap = _lap(stage_ms, "track", lap)

        crops = [self._crop(frame, track) for track in tracks]
        # On frames the detector skips nobody was missed, so the tracker's word is enough.
        if detections is not None:
            tracks, crops = self._still_there(tracks, crops)
        lap = _lap(stage_ms, "crop", lap)
        expressions = self._classify(tracks, crops, time_ns, stage_ms, lap)
        stage_ms["total"] = (time.perf_counter_ns() - started) / 1e6
        return FrameResult(
            frame=frame,
            faces=tuple(TrackedExpression(track, e) for track, e in zip(tracks, expressions, strict=True)),
            ended_track_ids=self.tracker.ended_track_ids,
            stage_ms=stage_ms,
            frames_dropped=frames_dropped,
            detector_ran=detections is not None,
        )

    def _crop(self, frame: Frame, track: FaceTrack) -> FaceCrop | None:
        c = self.classifier
        return cut_face(frame.image_bgr, track.bbox_xyxy, size_px=c.crop_size_px, margin=c.crop_margin, grey=c.crop_grey)

    def _still_there(
        self, tracks: list[FaceTrack], crops: list[FaceCrop | None]
    ) -> tuple[list[FaceTrack], list[FaceCrop | None]]:
        """Without the faces whose place does not look like them any more."""
        believed = [
            (track, crop)
            for track, crop in zip(tracks, crops, strict=True)
            if self._appearance.still_there(track.track_id, crop, detected=track.detected)
        ]
        return [track for track, _ in believed], [crop for _, crop in believed]

    def _classify(
        self, tracks: Sequence[FaceTrack], crops: Sequence[FaceCrop | None], time_ns: int, stage_ms: dict[str, float], lap: int
    ) -> list[ExpressionEstimate | None]:
        seen = [crop for crop in crops if crop is not None]
        if not seen:
            return [None] * len(tracks)
        batch = self.classifier.classify(seen)
        stage_ms["classify_model"] = self.classifier.last_model_ms
        lap = _lap(stage_ms, "classify", lap)
        estimates: list[ExpressionEstimate | None] = []
        row = 0
        for track, crop in zip(tracks, crops, strict=True):
            if crop is None:
                estimates.append(None)
                continue
            raw = batch.probabilities[row]
            smoothed = self._smoother.update(track.track_id, raw, time_ns)
            best = int(smoothed.argmax())
            has_affect = batch.valence_arousal is not None
            estimates.append(
                ExpressionEstimate(
                    labels=self.classifier.labels,
                    probabilities_raw=raw,
                    probabilities=smoothed,
                    label=self.classifier.labels[best] if smoothed[best] >= self._unknown_below else UNKNOWN,
                    valence=float(batch.valence_arousal[row, 0]) if batch.valence_arousal is not None else None,
                    arousal=float(batch.valence_arousal[row, 1]) if batch.valence_arousal is not None else None,
                    valence_arousal_source="predicted" if has_affect else None,
                )
            )
            row += 1
        _lap(stage_ms, "smooth", lap)
        return estimates


def _lap(stage_ms: dict[str, float], stage: str, since_ns: int) -> int:
    now = time.perf_counter_ns()
    stage_ms[stage] = (now - since_ns) / 1e6
    return now
