from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.tracking.box_motion import time_step
from realtime_fer.tracking.followed_face import FollowedFace
from realtime_fer.types import FaceDetection

LANDMARKS = np.arange(10, dtype=np.float32).reshape(5, 2)


def detection(x0: float, y0: float, x1: float, y1: float, confidence: float = 0.9) -> FaceDetection:
    return FaceDetection(np.array([x0, y0, x1, y1], np.float32), confidence, LANDMARKS)


def test_nothing_is_said_before_it_is_believed() -> None:
    face = FollowedFace(detection(10, 10, 50, 60), 0)
    assert face.as_track(100, 100) is None
    face.track_id = 3
    track = face.as_track(100, 100)
    assert track is not None
    np.testing.assert_allclose(track.bbox_xyxy, [10, 10, 50, 60])
    assert (track.track_id, track.detected, track.age_frames, track.missed_frames) == (3, True, 0, 0)
    assert track.landmarks_xy is LANDMARKS


def test_history_is_counted_in_frames_and_in_time() -> None:
    face = FollowedFace(detection(10, 10, 50, 60), 0)
    face.track_id = 1
    for now in (1, 2):
        face.next_frame()
        face.miss(now * 10**9)
    track = face.as_track(100, 100)
    assert track is not None
    assert (track.detected, track.age_frames, track.missed_frames) == (False, 2, 2)
    assert track.confidence == pytest.approx(0.9)
    assert track.landmarks_xy is None
    assert face.missing_s(3 * 10**9) == 2.0
    face.next_frame()
    face.see(detection(10, 10, 50, 60, 0.4), 4 * 10**9, sure=False)
    track = face.as_track(100, 100)
    assert track is not None
    assert (track.detected, track.age_frames, track.missed_frames, track.confidence) == (True, 3, 0, 0.4)
    assert face.missing_s(5 * 10**9) == 0.0
    assert (face.sightings, face.last_seen_ns, face.last_sure_ns) == (2, 4 * 10**9, 0)


def test_boxes_are_clipped_and_boxes_outside_are_not_published() -> None:
    face = FollowedFace(detection(80, 10, 100, 30), 0)
    face.track_id = 1
    face.motion.vx = 100.0
    face.next_frame()
    face.motion.advance(time_step(0.1))
    track = face.as_track(100, 100)
    assert track is not None
    assert track.bbox_xyxy[2] == 100.0
    # A predicted box that has left for the larger part is not there any more.
    face.motion.advance(time_step(0.1))
    assert face.as_track(100, 100) is None
    face.motion.advance(time_step(0.5))
    assert face.as_track(100, 100) is None


def test_a_detected_box_at_the_border_is_published() -> None:
    face = FollowedFace(detection(99, 0, 100, 1), 0)
    face.track_id = 1
    assert face.as_track(100, 100) is not None
