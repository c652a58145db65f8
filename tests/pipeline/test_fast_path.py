from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from realtime_fer.expression.classifier import BatchEstimate
from realtime_fer.expression.face_crop import FaceCrop
from realtime_fer.expression.smoothing import ProbabilitySmoother
from realtime_fer.pipeline.fast_path import FastPath
from realtime_fer.types import FaceDetection, FaceTrack, Frame
from tests.fakes import FakeClassifier, FakeDetector, FakeTracker, box, make_frame


def build(
    detector: FakeDetector | None = None, **settings: float
) -> tuple[FastPath, FakeDetector, FakeTracker, FakeClassifier]:
    detector = detector or FakeDetector()
    tracker, classifier = FakeTracker(), FakeClassifier()
    settings.setdefault("min_quality", 0)  # the even grey of the fake frames is no good picture of anything
    interval = int(settings.pop("detector_interval", 1))
    fast_path = FastPath(detector, tracker, classifier, ProbabilitySmoother(), detector_interval=interval, **settings)  # type: ignore[arg-type]
    return fast_path, detector, tracker, classifier


def test_every_face_of_a_frame_goes_in_one_batch() -> None:
    fast_path, _, _, classifier = build(FakeDetector(lambda _: [FaceDetection(box(i, 0, i + 9, 9), 0.9) for i in range(5)]))
    result = fast_path.process(make_frame())
    assert [len(batch) for batch in classifier.batches] == [5]
    assert [face.track.track_id for face in result.faces] == [1, 2, 3, 4, 5]
    assert all(face.expression is not None for face in result.faces)


def test_the_detector_sees_every_nth_frame_and_the_classifier_all() -> None:
    fast_path, detector, tracker, classifier = build(detector_interval=3)
    results = [fast_path.process(make_frame(i)) for i in range(7)]
    assert detector.calls == 3
    assert tracker.predictions == 4
    assert [r.detector_ran for r in results] == [True, False, False, True, False, False, True]
    assert len(classifier.batches) == 7
    assert "detect" not in results[1].stage_ms


def test_a_face_outside_the_frame_is_reported_without_expression() -> None:
    fast_path, _, _, _ = build(
        FakeDetector(lambda _: [FaceDetection(box(500, 500, 520, 520), 0.9), FaceDetection(box(5, 5, 20, 20), 0.9)])
    )
    outside, inside = fast_path.process(make_frame()).faces
    assert outside.expression is None
    assert inside.expression is not None


def test_outputs_that_are_no_numbers_cost_one_face_one_frame() -> None:
    class Hiccup(FakeClassifier):
        def classify(self, crops: Sequence[FaceCrop]) -> BatchEstimate:
            batch = super().classify(crops)
            if len(self.batches) == 2:
                batch.probabilities[1] = np.nan
            return batch

    two = FakeDetector(lambda _: [FaceDetection(box(5, 5, 20, 20), 0.9), FaceDetection(box(30, 5, 45, 20), 0.9)])
    fast_path = FastPath(two, FakeTracker(), Hiccup(), ProbabilitySmoother())
    results = [fast_path.process(make_frame(i)) for i in range(3)]
    assert [[face.expression is not None for face in result.faces] for result in results] == [
        [True, True],
        [True, False],
        [True, True],
    ]
    last = results[2].faces[1].expression
    assert last is not None
    assert np.isfinite(last.probabilities).all()


def test_no_face() -> None:
    fast_path, _, _, classifier = build(FakeDetector(lambda _: []))
    assert fast_path.process(make_frame()).faces == ()
    assert classifier.batches == [[]]


def test_smoothed_and_raw_differ_and_the_label_follows_the_smoothed() -> None:
    fast_path, _, _, _ = build()
    first = fast_path.process(make_frame(0, value=0)).faces[0].expression
    second = fast_path.process(make_frame(1, value=1)).faces[0].expression
    assert first is not None
    assert second is not None
    assert first.label == "neutral"
    assert second.probabilities_raw.argmax() == 1
    assert second.label == "neutral"
    assert second.probabilities[1] > first.probabilities[1]
    assert second.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_a_doubtful_face_is_unknown() -> None:
    fast_path, _, _, _ = build(unknown_below=0.9)
    expression = fast_path.process(make_frame()).faces[0].expression
    assert expression is not None
    assert expression.label == "unknown"
    assert expression.valence is None
    assert expression.valence_arousal_source is None


def test_a_face_that_cannot_be_seen_well_is_unknown_but_its_probabilities_are_there() -> None:
    fast_path, _, _, _ = build(min_quality=0.5)
    face = fast_path.process(make_frame()).faces[0]
    assert face.quality is not None
    assert face.quality.contrast == 0
    assert face.quality.score == 0
    assert face.expression is not None
    assert face.expression.label == "unknown"
    assert face.expression.probabilities.max() > 0.5


def test_ended_tracks_are_reported_and_forgotten() -> None:
    fast_path, _, _, _ = build(FakeDetector(lambda call: [FaceDetection(box(5, 5, 20, 20), 0.9)] if call == 0 else []))
    assert fast_path.process(make_frame(0)).ended_track_ids == ()
    assert fast_path.process(make_frame(1)).ended_track_ids == (1,)
    assert len(fast_path._smoother) == 0


def test_stage_times_add_up() -> None:
    fast_path, _, _, _ = build()
    stages = fast_path.process(make_frame()).stage_ms
    parts = sum(stages[name] for name in ("detect", "track", "crop", "classify", "smooth"))
    assert 0 < parts <= stages["total"]
    assert stages["detect_model"] == 1.0
    assert stages["classify_model"] == 0.5


def test_the_frame_stays_clean() -> None:
    fast_path, _, _, _ = build()
    frame = make_frame()
    before = frame.image_bgr.copy()
    fast_path.process(frame)
    np.testing.assert_array_equal(frame.image_bgr, before)


def test_a_missed_face_is_dropped_when_its_place_shows_something_else() -> None:
    class Remembering(FakeTracker):
        """Misses from the second frame on, but goes on predicting, as trackers do."""

        def update(self, detections: Sequence[FaceDetection], *rest: int) -> list[FaceTrack]:
            tracks = super().update([FaceDetection(box(10, 10, 30, 30), 0.9)], *rest)
            return [replace(track, detected=bool(detections)) for track in tracks]

    def textured(frame_id: int, seed: int) -> Frame:
        picture = np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8)
        return replace(make_frame(frame_id), image_bgr=picture)

    detector = FakeDetector(lambda call: [FaceDetection(box(10, 10, 30, 30), 0.9)] if call == 0 else [])
    fast_path = FastPath(detector, Remembering(), FakeClassifier(), ProbabilitySmoother())
    assert len(fast_path.process(textured(0, seed=1)).faces) == 1
    assert len(fast_path.process(textured(1, seed=1)).faces) == 1, "missed, but it looks the same"
    assert len(fast_path.process(textured(2, seed=2)).faces) == 0, "a cut to another scene"


def test_pictures_that_are_no_film_share_nothing() -> None:
    fast_path, detector, _, _ = build(unrelated_frames=True, detector_interval=3)
    first = fast_path.process(make_frame(0, value=0)).faces[0].expression
    second = fast_path.process(make_frame(1, value=1)).faces[0].expression
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(second.probabilities, second.probabilities_raw)
    assert (first.label, second.label) == ("neutral", "happiness")
    assert detector.calls == 2


def test_interval_is_checked() -> None:
    with pytest.raises(ValueError, match="found 0"):
        build(detector_interval=0)
