"""The tracker of the service: a motion model a face, and the best assignment of detections to faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from realtime_fer.errors import SettingsError
from realtime_fer.tracking.association import Array, assign, pair_costs
from realtime_fer.tracking.box_motion import time_step
from realtime_fer.tracking.followed_face import FollowedFace
from realtime_fer.types import FaceDetection, FaceTrack

Item = TypeVar("Item")

NEAR_REACH_SIZES = 0.5
"""A detection so near to the predicted centre may always be that face."""

FAR_REACH_SIZES = 2.0
"""However uncertain the prediction, a detection farther away is somebody else."""

HIDDEN_REACH_SIZES = 2.5
"""The same for a face that was out of sight for longer."""

REACH_DEVIATIONS = 3.0
"""Between the two, the prediction's own uncertainty decides: so many standard deviations."""

WEAK_REACH_SIZES = 0.35
"""A detection that is not sure continues only a face that is just there."""

SURE_MIN_IOU = 0.2
WEAK_MIN_IOU = 0.4
"""Overlap with the prediction that makes a pair possible, for sure detections and for others."""

WEAK_NOISE_FACTOR = 2.0
"""Boxes of faces that are hardly seen are less exact."""

SAME_FACE_OVERLAP = 0.6
"""A new detection that shares so much of the smaller box with a face seen on this frame is that face again."""

STREAM_GAP_S = 2.0
"""After a longer silence (a camera that came back) nothing says that the faces are the same ones."""

MIN_SIDE_PX = 1e-3
"""Boxes without sides would have no size to measure anything in."""


class KalmanIouTracker:
    """Follows faces through misses, crossings and frames the detector skips.

    Two rounds of matching, as in ByteTrack: first the sure detections with the faces seen lately, then the unsure
    ones with the faces left over, which keeps a half hidden face without letting a doubtful one begin. Faces out of sight for
    longer, and faces not believed yet, choose last. All spans are in seconds of capture time, never in frames.

    Args:
        low_confidence: detections below it are not looked at.
        birth_confidence: detections from here on can begin a track.
        confirm_confidence: a face this sure is published at once, another from its `sightings_to_believe`-th sighting in
            a row on. For single pictures, which show nothing twice, give it the value of `birth_confidence`.
        sightings_to_believe: see there; detectors flicker on things that look a little like a face.
        report_missed_s: a face the detector misses is still published, where it is predicted, for so long.
        max_missed_s: a face missed for longer has ended; until then it gets its id back.
        max_weak_s: detections below `birth_confidence` keep a track going for at most so long.

    Raises:
        SettingsError: the confidences are not in rising order in [0, 1], a span is negative, or
            `sightings_to_believe` is below 1.

    Source: Zhang et al., ByteTrack, ECCV 2022 (the two rounds); Bewley et al., SORT, ICIP 2016 (filter and assignment).
    """

    def __init__(
        self,
        *,
        low_confidence: float = 0.2,
        birth_confidence: float = 0.4,
        confirm_confidence: float = 0.6,
        sightings_to_believe: int = 3,
        report_missed_s: float = 0.4,
        max_missed_s: float = 1.0,
        max_weak_s: float = 2.0,
    ) -> None:
        if not 0.0 <= low_confidence <= birth_confidence <= confirm_confidence <= 1.0:
            raise SettingsError(
                "tracker: expected 0 <= low_confidence <= birth_confidence <= confirm_confidence <= 1, found "
                f"{low_confidence}, {birth_confidence}, {confirm_confidence}"
            )
        if sightings_to_believe < 1:
            raise SettingsError(f"tracker: sightings_to_believe must be at least 1, found {sightings_to_believe}")
        if not 0.0 <= report_missed_s <= max_missed_s or max_weak_s < 0:
            raise SettingsError(
                "tracker: expected 0 <= report_missed_s <= max_missed_s and 0 <= max_weak_s, found "
                f"{report_missed_s}, {max_missed_s}, {max_weak_s}"
            )
        self._low_confidence = low_confidence
        self._birth_confidence = birth_confidence
        self._confirm_confidence = confirm_confidence
        self._sightings_to_believe = sightings_to_believe
        self._report_missed_s = report_missed_s
        self._max_missed_s = max_missed_s
        self._max_weak_s = max_weak_s
        self._faces: list[FollowedFace] = []
        self._next_track_id = 1
        self._now_ns: int | None = None
        self._ended: tuple[int, ...] = ()

    @property
    def ended_track_ids(self) -> tuple[int, ...]:
        """See `Tracker`."""
        return self._ended

    def update(
        self, detections: Sequence[FaceDetection], capture_monotonic_ns: int, frame_width: int, frame_height: int
    ) -> list[FaceTrack]:
        """See `Tracker.update`."""
        now_ns = self._advance_to(capture_monotonic_ns)
        usable = [d for d in detections if d.confidence >= self._low_confidence and _has_sides(d)]
        sure = [d for d in usable if d.confidence >= self._birth_confidence]
        weak = [d for d in usable if d.confidence < self._birth_confidence] if len(sure) < len(usable) else []
        visible, hidden, unbelieved = self._by_standing(now_ns)

        visible, sure = self._match(visible, sure, now_ns, far=FAR_REACH_SIZES)
        weakly_seen = [f for f in visible if (now_ns - f.last_sure_ns) / 1e9 <= self._max_weak_s]
        self._match_weak(weakly_seen, weak, now_ns)
        hidden, sure = self._match(hidden, sure, now_ns, far=HIDDEN_REACH_SIZES)
        unbelieved, sure = self._match(unbelieved, sure, now_ns, far=FAR_REACH_SIZES)

        for face in self._faces:
            if not face.detected:
                face.miss(now_ns)
        self._end_missing(now_ns)
        self._begin(sure, now_ns)
        return self._published(now_ns, frame_width, frame_height)

    def predict(self, capture_monotonic_ns: int, frame_width: int, frame_height: int) -> list[FaceTrack]:
        """See `Tracker.predict`."""
        now_ns = self._advance_to(capture_monotonic_ns)
        return self._published(now_ns, frame_width, frame_height)

    def _advance_to(self, capture_monotonic_ns: int) -> int:
        """Move every face on to the time of this frame; the time taken, which never goes back."""
        before_ns = capture_monotonic_ns if self._now_ns is None else self._now_ns
        self._now_ns = max(before_ns, capture_monotonic_ns)
        dt_s = (self._now_ns - before_ns) / 1e9
        self._ended = ()
        if dt_s > STREAM_GAP_S:
            self._ended = tuple(face.track_id for face in self._faces if face.track_id is not None)
            self._faces = []
        step = time_step(dt_s)
        for face in self._faces:
            face.next_frame()
            face.motion.advance(step)
        return self._now_ns

    def _by_standing(self, now_ns: int) -> tuple[list[FollowedFace], list[FollowedFace], list[FollowedFace]]:
        """Believed faces in sight, believed faces out of sight for longer, faces not believed yet."""
        visible, hidden, unbelieved = [], [], []
        for face in self._faces:
            if face.track_id is None:
                unbelieved.append(face)
            elif face.missing_s(now_ns) <= self._report_missed_s:
                visible.append(face)
            else:
                hidden.append(face)
        return visible, hidden, unbelieved

    def _match(
        self, faces: list[FollowedFace], detections: list[FaceDetection], now_ns: int, *, far: float
    ) -> tuple[list[FollowedFace], list[FaceDetection]]:
        """Give sure detections to faces; what is left of both."""
        if not faces or not detections:
            return faces, detections
        reach = np.array([min(far, max(NEAR_REACH_SIZES, REACH_DEVIATIONS * f.motion.uncertainty_sizes)) for f in faces])
        pairs = assign(pair_costs(_predicted(faces), _boxes(detections), reach, SURE_MIN_IOU))
        for row, column in pairs:
            face, detection = faces[row], detections[column]
            face.see(detection, now_ns, sure=True)
            if face.track_id is None and self._is_believed(face, detection):
                self._believe(face)
        return _without(faces, [row for row, _ in pairs]), _without(detections, [column for _, column in pairs])

    def _match_weak(self, faces: list[FollowedFace], detections: list[FaceDetection], now_ns: int) -> None:
        """Keep faces going by detections that are not sure."""
        if not faces or not detections:
            return
        reach = np.full(len(faces), WEAK_REACH_SIZES)
        for row, column in assign(pair_costs(_predicted(faces), _boxes(detections), reach, WEAK_MIN_IOU)):
            faces[row].see(detections[column], now_ns, sure=False, noise_factor=WEAK_NOISE_FACTOR)

    def _end_missing(self, now_ns: int) -> None:
        """Forget faces missed for too long, and faces missed before they were believed."""
        kept = []
        for face in self._faces:
            if face.track_id is None:
                if face.detected:
                    kept.append(face)
            elif face.missing_s(now_ns) <= self._max_missed_s:
                kept.append(face)
            else:
                self._ended += (face.track_id,)
        self._faces = kept

    def _begin(self, detections: list[FaceDetection], now_ns: int) -> None:
        """A new face for each sure detection that is nobody's."""
        for detection in detections:
            if any(f.detected and _share_of_smaller(f, detection) > SAME_FACE_OVERLAP for f in self._faces):
                continue
            face = FollowedFace(detection, now_ns)
            if self._is_believed(face, detection):
                self._believe(face)
            self._faces.append(face)

    def _is_believed(self, face: FollowedFace, detection: FaceDetection) -> bool:
        return detection.confidence >= self._confirm_confidence or face.sightings >= self._sightings_to_believe

    def _believe(self, face: FollowedFace) -> None:
        face.track_id = self._next_track_id
        self._next_track_id += 1

    def _published(self, now_ns: int, frame_width: int, frame_height: int) -> list[FaceTrack]:
        tracks = []
        for face in self._faces:
            # The second condition: predictions alone carry no further than to the next stream gap.
            if face.missing_s(now_ns) > self._report_missed_s or (now_ns - face.last_seen_ns) / 1e9 > STREAM_GAP_S:
                continue
            track = face.as_track(frame_width, frame_height)
            if track is not None:
                tracks.append(track)
        if len(tracks) > 1:
            tracks.sort(key=lambda track: track.track_id)
        return tracks


def _has_sides(detection: FaceDetection) -> bool:
    x0, y0, x1, y1 = detection.bbox_xyxy.tolist()
    # False for a not-a-number or infinite corner too.
    return bool(MIN_SIDE_PX <= x1 - x0 < np.inf and MIN_SIDE_PX <= y1 - y0 < np.inf)


def _predicted(faces: Sequence[FollowedFace]) -> Array:
    return np.array([face.motion.xyxy() for face in faces], np.float64)


def _boxes(detections: Sequence[FaceDetection]) -> Array:
    return np.array([detection.bbox_xyxy for detection in detections], np.float64)


def _without(items: list[Item], taken: list[int]) -> list[Item]:
    if not taken:
        return items
    gone = set(taken)
    return [item for index, item in enumerate(items) if index not in gone]


def _share_of_smaller(face: FollowedFace, detection: FaceDetection) -> float:
    """Intersection of two boxes, as a share of the smaller one's area."""
    ax0, ay0, ax1, ay1 = face.motion.xyxy()
    bx0, by0, bx1, by1 = detection.bbox_xyxy.tolist()
    width, height = min(ax1, bx1) - max(ax0, bx0), min(ay1, by1) - max(ay0, by0)
    if width <= 0 or height <= 0:
        return 0.0
    return float(width * height / min((ax1 - ax0) * (ay1 - ay0), (bx1 - bx0) * (by1 - by0)))
