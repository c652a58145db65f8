from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_fer.errors import SettingsError
from realtime_fer.tracking.kalman_iou_tracker import KalmanIouTracker
from realtime_fer.tracking.tracker import Tracker
from realtime_fer.types import FaceDetection, FaceTrack

S = 10**9
FRAME = (640, 480)
LANDMARKS = np.zeros((5, 2), np.float32)


def face(x: float, y: float, side: float = 60.0, confidence: float = 0.9, landmarks: bool = False) -> FaceDetection:
    box = np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2], np.float32)
    return FaceDetection(box, confidence, LANDMARKS if landmarks else None)


def ids(tracks: list[FaceTrack]) -> list[int]:
    return [track.track_id for track in tracks]


def at(seconds: float) -> int:
    return round(seconds * S)


def test_a_sure_face_is_published_at_once() -> None:
    tracker: Tracker = KalmanIouTracker()
    (track,) = tracker.update([face(100, 100, landmarks=True)], at(0), *FRAME)
    assert (track.track_id, track.detected, track.age_frames, track.missed_frames) == (1, True, 0, 0)
    np.testing.assert_allclose(track.bbox_xyxy, [70, 70, 130, 130])
    assert track.landmarks_xy is LANDMARKS
    assert tracker.ended_track_ids == ()


@pytest.mark.parametrize("sightings", [2, 3])
def test_a_less_sure_face_is_published_when_seen_again(sightings: int) -> None:
    tracker = KalmanIouTracker(sightings_to_believe=sightings)
    for frame in range(sightings - 1):
        assert tracker.update([face(100 + frame, 100, confidence=0.5)], at(frame * 0.04), *FRAME) == []
    (track,) = tracker.update([face(103, 100, confidence=0.5)], at(0.12), *FRAME)
    assert (track.track_id, track.age_frames) == (1, sightings - 1)


def test_a_face_that_grows_sure_is_published_at_once() -> None:
    tracker = KalmanIouTracker()
    tracker.update([face(100, 100, confidence=0.5)], at(0), *FRAME)
    assert ids(tracker.update([face(100, 100, confidence=0.7)], at(0.04), *FRAME)) == [1]


def test_single_pictures_can_be_believed_at_once() -> None:
    tracker = KalmanIouTracker(confirm_confidence=0.4)
    assert ids(tracker.update([face(100, 100, confidence=0.4)], at(0), *FRAME)) == [1]


def test_a_less_sure_face_that_does_not_come_again_costs_no_id() -> None:
    tracker = KalmanIouTracker()
    for frame in range(0, 12, 3):
        # Twice in a row, then not.
        assert tracker.update([face(100, 100, confidence=0.5)], at(frame * 0.04), *FRAME) == []
        assert tracker.update([face(100, 100, confidence=0.5)], at(frame * 0.04 + 0.04), *FRAME) == []
        assert tracker.update([], at(frame * 0.04 + 0.08), *FRAME) == []
        assert not tracker.ended_track_ids
    assert ids(tracker.update([face(400, 300)], at(0.48), *FRAME)) == [1]


def test_an_unsure_face_never_begins_a_track() -> None:
    tracker = KalmanIouTracker()
    for frame in range(20):
        assert tracker.update([face(100, 100, confidence=0.39)], at(frame * 0.04), *FRAME) == []


def test_unsure_detections_keep_a_track_for_a_while() -> None:
    tracker = KalmanIouTracker(max_weak_s=2.0)
    tracker.update([face(100, 100)], at(0), *FRAME)
    for frame in range(1, 50):
        (track,) = tracker.update([face(100, 100, confidence=0.25)], at(frame * 0.04), *FRAME)
        assert (track.track_id, track.detected) == (1, True)
        assert track.confidence == pytest.approx(0.25)
    # After two seconds they are not believed any more: missed, hidden, ended.
    for frame in range(50, 100):
        tracks = tracker.update([face(100, 100, confidence=0.25)], at(frame * 0.04), *FRAME)
    assert tracks == []


def test_detections_below_the_lowest_are_not_looked_at() -> None:
    tracker = KalmanIouTracker(low_confidence=0.15)
    tracker.update([face(100, 100)], at(0), *FRAME)
    (track,) = tracker.update([face(100, 100, confidence=0.14)], at(0.04), *FRAME)
    assert not track.detected


def test_an_unsure_detection_does_not_pull_a_track_to_another_place() -> None:
    tracker = KalmanIouTracker()
    tracker.update([face(100, 100)], at(0), *FRAME)
    (track,) = tracker.update([face(140, 100, confidence=0.25)], at(0.04), *FRAME)
    assert not track.detected


def test_short_misses_are_bridged_long_ones_hidden_longer_ones_ended() -> None:
    tracker = KalmanIouTracker(report_missed_s=0.4, max_missed_s=1.0)
    for frame in range(5):
        tracker.update([face(100, 100, landmarks=True)], at(frame * 0.1), *FRAME)
    for miss in range(5):  # the first look in vain is at 0.5 s
        (track,) = tracker.update([], at(0.5 + miss * 0.1), *FRAME)
        assert (track.detected, track.missed_frames, track.landmarks_xy) == (False, miss + 1, None)
        np.testing.assert_allclose(track.bbox_xyxy, [70, 70, 130, 130], atol=1.0)
    for miss in range(5, 11):
        assert tracker.update([], at(0.5 + miss * 0.1), *FRAME) == []
        assert tracker.ended_track_ids == ()
    assert tracker.update([], at(1.6), *FRAME) == []
    assert tracker.ended_track_ids == (1,)
    tracker.update([], at(1.7), *FRAME)
    assert not tracker.ended_track_ids


@pytest.mark.parametrize("away_s", [0.3, 0.9])
def test_a_face_that_comes_back_in_time_gets_its_id_back(away_s: float) -> None:
    tracker = KalmanIouTracker()
    tracker.update([face(100, 100)], at(0), *FRAME)
    for step in range(1, int(away_s / 0.05)):
        tracker.update([], at(step * 0.05), *FRAME)
    (track,) = tracker.update([face(115, 105)], at(away_s), *FRAME)
    assert (track.track_id, track.detected, track.missed_frames) == (1, True, 0)


def test_a_face_that_comes_back_too_late_is_a_new_one() -> None:
    tracker = KalmanIouTracker()
    tracker.update([face(100, 100)], at(0), *FRAME)
    ended: list[int] = []
    for step in range(1, 30):
        tracker.update([], at(step * 0.05), *FRAME)
        ended += tracker.ended_track_ids
    assert ended == [1]
    assert ids(tracker.update([face(100, 100)], at(1.5), *FRAME)) == [2]


def test_misses_are_measured_in_time_not_in_frames() -> None:
    for rate in (5, 100):
        tracker = KalmanIouTracker(report_missed_s=0.4)
        tracker.update([face(100, 100)], at(0), *FRAME)
        published = [len(tracker.update([], at(k / rate), *FRAME)) for k in range(1, rate)]
        # Missing from the first look in vain on, at 1 / rate.
        assert sum(published) / rate == pytest.approx(0.4, abs=1.01 / rate)


def test_skipped_frames_are_predicted_and_are_no_misses() -> None:
    tracker = KalmanIouTracker(report_missed_s=0.1)
    for look in range(6):
        tracker.update([face(100 + 30 * look, 100)], at(look * 0.3), *FRAME)
        for skip in (1, 2):
            (track,) = tracker.predict(at(look * 0.3 + skip * 0.1), *FRAME)
            assert (track.track_id, track.detected, track.missed_frames, track.age_frames) == (1, False, skip, 3 * look + skip)
            assert tracker.ended_track_ids == ()
            if look >= 3:
                centre = float(track.bbox_xyxy[0] + track.bbox_xyxy[2]) / 2
                assert centre == pytest.approx(100 + 30 * look + 10 * skip, abs=4)


def test_predictions_alone_do_not_go_on_for_ever() -> None:
    tracker = KalmanIouTracker()
    tracker.update([face(100, 100)], at(0), *FRAME)
    published = [len(tracker.predict(at(k * 0.1), *FRAME)) for k in range(1, 40)]
    assert sum(published) == 20


def test_a_missed_face_is_hidden_on_skipped_frames_too() -> None:
    tracker = KalmanIouTracker(report_missed_s=0.4)
    tracker.update([face(100, 100)], at(0), *FRAME)
    tracker.update([], at(0.1), *FRAME)
    assert len(tracker.predict(at(0.45), *FRAME)) == 1
    assert tracker.predict(at(0.55), *FRAME) == []


def test_a_walk_out_of_the_frame_ends_at_the_border() -> None:
    tracker = KalmanIouTracker()
    for frame in range(20):
        tracker.update([face(500 + 5 * frame, 100)], at(frame * 0.04), *FRAME)
    for frame in range(20, 60):
        for track in tracker.update([], at(frame * 0.04), *FRAME):
            assert track.bbox_xyxy[0] < 640
            assert track.bbox_xyxy[2] <= 640


def test_fast_motion_at_a_few_frames_a_second() -> None:
    # Four sides a second at 5 frames a second: the boxes of two frames hardly touch.
    tracker = KalmanIouTracker()
    seen = {track.track_id for k in range(10) for track in tracker.update([face(60 + 48 * k, 200)], at(k * 0.2), *FRAME)}
    assert seen == {1}


def test_two_faces_that_pass_each_other_keep_their_ids() -> None:
    tracker = KalmanIouTracker()
    for frame in range(40):
        tracks = tracker.update(
            [face(100 + 10 * frame, 200, 60), face(500 - 10 * frame, 205, 55)][:: 1 if frame % 2 else -1],
            at(frame * 0.04),
            *FRAME,
        )
        if frame == 0:
            right_going = next(t.track_id for t in tracks if t.bbox_xyxy[0] < 300)
    assert ids(tracks) == [1, 2]
    last = {track.track_id: float(track.bbox_xyxy[0] + track.bbox_xyxy[2]) / 2 for track in tracks}
    assert last[right_going] == pytest.approx(490, abs=5)


def test_a_face_hidden_while_another_passes_gets_its_id_back() -> None:
    tracker = KalmanIouTracker()
    for frame in range(50):
        near, far = face(60 + 9 * frame, 200, 90), face(300, 200, 60)
        hidden = abs((60 + 9 * frame) - 300) < 60
        tracks = tracker.update([near] if hidden else [far, near], at(frame * 0.04), *FRAME)
    assert ids(tracks) == [1, 2]


def test_the_second_box_on_one_face_is_not_a_second_face() -> None:
    tracker = KalmanIouTracker()
    tracker.update([face(100, 100, 80)], at(0), *FRAME)
    for frame in range(1, 5):
        tracks = tracker.update([face(100, 100, 80), face(105, 110, 40, 0.6)], at(frame * 0.04), *FRAME)
        assert ids(tracks) == [1]


def test_the_published_box_is_calmer_than_the_detections_and_not_late() -> None:
    rng = np.random.default_rng(0)
    tracker = KalmanIouTracker()
    raw, filtered = [], []
    for frame in range(200):
        truth = 100 + 2.0 * frame
        noisy = truth + rng.normal(0, 1.8)
        (track,) = tracker.update([face(noisy, 100)], at(frame / 25), *FRAME)
        raw.append(noisy - truth)
        filtered.append(float(track.bbox_xyxy[0] + track.bbox_xyxy[2]) / 2 - truth)
    assert np.std(filtered[20:]) < 0.9 * np.std(raw[20:])
    assert abs(np.mean(filtered[20:])) < 0.5


def test_ids_are_in_order_and_never_come_back() -> None:
    tracker = KalmanIouTracker(max_missed_s=0.5)
    seen: list[int] = []
    for visit in range(5):
        tracks = tracker.update([face(300, 300), face(100, 100)], at(visit), *FRAME)
        assert ids(tracks) == sorted(ids(tracks))
        seen += ids(tracks)
        for step in range(1, 10):
            tracker.update([], at(visit + step * 0.1), *FRAME)
    assert seen == list(range(1, 11))


def test_a_silent_camera_ends_every_track() -> None:
    tracker = KalmanIouTracker()
    tracker.update([face(100, 100)], at(0), *FRAME)
    tracks = tracker.update([face(100, 100)], at(5), *FRAME)
    assert ids(tracks) == [2]
    assert tracker.ended_track_ids == (1,)
    assert tracker.predict(at(20), *FRAME) == []
    assert tracker.ended_track_ids == (2,)


def test_a_time_stamp_that_goes_back_or_stands_still_does_no_harm() -> None:
    tracker = KalmanIouTracker()
    for stamp in (1.0, 1.0, 0.5, 1.0, 1.04):
        (track,) = tracker.update([face(100, 100)], at(stamp), *FRAME)
        assert track.track_id == 1
        np.testing.assert_allclose(track.bbox_xyxy, [70, 70, 130, 130], atol=0.01)


def test_boxes_without_sides_are_left_out() -> None:
    boxes = ([50, 50, 50, 90], [90, 90, 50, 50], [0, 0, np.inf, 10], [np.nan, 0, 10, 10])
    broken = [FaceDetection(np.array(box, np.float32), 0.9) for box in boxes]
    tracker = KalmanIouTracker()
    for frame in range(3):
        assert ids(tracker.update([*broken, face(100, 100)], at(frame * 0.04), *FRAME)) == [1]


def test_fifty_faces_keep_fifty_ids() -> None:
    rng = np.random.default_rng(0)
    homes = [(32 + 64 * (k % 10), 48 + 96 * (k // 10)) for k in range(50)]
    tracker = KalmanIouTracker()
    for frame in range(30):
        detections = [face(x + rng.normal(0, 1), y + rng.normal(0, 1), 40) for x, y in homes]
        order = rng.permutation(50)
        tracks = tracker.update([detections[i] for i in order], at(frame * 0.04), *FRAME)
        assert ids(tracks) == list(range(1, 51))
    for track in tracks:
        x, y = (track.bbox_xyxy[:2] + track.bbox_xyxy[2:]) / 2
        assert min((x - hx) ** 2 + (y - hy) ** 2 for hx, hy in homes) < 9


def test_the_tiniest_frame() -> None:
    tracker = KalmanIouTracker()
    (track,) = tracker.update([FaceDetection(np.array([0, 0, 1, 1], np.float32), 0.9)], at(0), 1, 1)
    np.testing.assert_array_equal(track.bbox_xyxy, [0, 0, 1, 1])


coordinate = st.floats(-50, 700, width=32)
detections_strategy = st.lists(
    st.builds(
        lambda x0, y0, x1, y1, confidence: FaceDetection(np.array([x0, y0, x1, y1], np.float32), confidence),
        coordinate,
        coordinate,
        coordinate,
        coordinate,
        st.floats(0, 1),
    ),
    max_size=5,
)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.one_of(st.none(), detections_strategy), st.floats(0, 0.6)), min_size=1, max_size=25))
def test_promises_hold_for_any_detections(frames: list[tuple[list[FaceDetection] | None, float]]) -> None:
    tracker = KalmanIouTracker()
    now = 0.0
    ended: set[int] = set()
    newest = 0
    for detections, dt in frames:
        now += dt
        tracks = tracker.predict(at(now), *FRAME) if detections is None else tracker.update(detections, at(now), *FRAME)
        assert ended.isdisjoint(tracker.ended_track_ids)
        ended |= set(tracker.ended_track_ids)
        published = ids(tracks)
        assert published == sorted(set(published))
        assert ended.isdisjoint(published)
        # A new id is larger than every one before.
        newest = max([newest, *published])
        assert all(1 <= track_id <= newest for track_id in published)
        for track in tracks:
            x0, y0, x1, y1 = track.bbox_xyxy
            assert 0 <= x0 < x1 <= FRAME[0]
            assert 0 <= y0 < y1 <= FRAME[1]
            assert track.detected == (track.missed_frames == 0)
            assert track.missed_frames <= track.age_frames
            assert not (track.detected and detections is None)


@pytest.mark.parametrize(
    ("kwargs", "expected"),
    [
        ({"low_confidence": 0.5, "birth_confidence": 0.4}, "low_confidence"),
        ({"confirm_confidence": 1.2}, "confirm_confidence"),
        ({"report_missed_s": 2.0, "max_missed_s": 1.0}, "report_missed_s"),
        ({"max_weak_s": -1.0}, "max_weak_s"),
        ({"sightings_to_believe": 0}, "sightings_to_believe"),
    ],
)
def test_settings_out_of_order_are_named(kwargs: dict[str, Any], expected: str) -> None:
    with pytest.raises(SettingsError, match=expected):
        KalmanIouTracker(**kwargs)
