from __future__ import annotations

import math

import numpy as np
import pytest

from realtime_fer.evaluation.detection.average_precision import score_detections
from realtime_fer.evaluation.detection.intervals import detection_intervals, share_interval
from realtime_fer.evaluation.detection.pictures import LabelledPicture
from realtime_fer.types import FaceDetection
from tests.evaluation.detector_folders import face

NO_BOXES = np.zeros((0, 4), np.float32)


def some_pictures(count: int) -> tuple[list[LabelledPicture], list[list[FaceDetection]]]:
    """Pictures with 0 to 3 faces, each found with luck, and false faces."""
    rng = np.random.default_rng(5)
    pictures, found = [], []
    for index in range(count):
        lefts = np.arange(rng.integers(0, 4)) * 100.0
        boxes = np.stack([lefts, lefts * 0, lefts + 40, lefts * 0 + 40], axis=1).astype(np.float32)
        pictures.append(LabelledPicture(f"a_{index}", boxes, NO_BOXES))
        seen = [face(tuple(box), float(rng.random())) for box in boxes if rng.random() < 0.7]
        seen += [face((0, 200, 40, 240), float(rng.random() * 0.8)) for _ in range(rng.integers(0, 2))]
        found.append(seen)
    return pictures, found


def test_the_fast_way_is_the_slow_way() -> None:
    pictures, found = some_pictures(30)
    draws, rng = 25, np.random.default_rng(0)
    slow: dict[str, list[float]] = {"ap50": [], "recall": [], "precision": []}
    for _ in range(draws):
        rows = rng.integers(0, len(pictures), len(pictures))
        scores = score_detections([pictures[i] for i in rows], [found[i] for i in rows], confidence_threshold=0.5)
        for name, values in slow.items():
            values.append(getattr(scores, name))
    intervals = detection_intervals(pictures, found, confidence_threshold=0.5, draws=draws, seed=0)
    for name, values in slow.items():
        np.testing.assert_allclose(intervals[name], np.quantile(values, [0.025, 0.975]), atol=1e-9)
        assert intervals[name][0] < intervals[name][1]


def test_pictures_that_are_all_alike_leave_no_doubt() -> None:
    pictures, found = some_pictures(2)
    alike = [LabelledPicture("a", np.array([[0, 0, 40, 40]], np.float32), NO_BOXES)] * 20
    intervals = detection_intervals(alike, [[face((0, 0, 40, 40), 0.9)]] * 20, confidence_threshold=0.5, draws=10)
    assert set(intervals.values()) == {(1.0, 1.0)}
    # More pictures of the same kind say more.
    few = detection_intervals(pictures * 5, found * 5, confidence_threshold=0.5, draws=200)["ap50"]
    many = detection_intervals(pictures * 500, found * 500, confidence_threshold=0.5, draws=200)["ap50"]
    assert many[1] - many[0] < 0.5 * (few[1] - few[0])


def test_there_is_no_interval_of_what_is_not_there() -> None:
    for count in (0, 3):
        empty = [LabelledPicture("a", NO_BOXES, NO_BOXES)] * count
        intervals = detection_intervals(empty, [[]] * count, confidence_threshold=0.5, draws=5)
        assert all(math.isnan(end) for end in intervals["ap50"])
        assert all(math.isnan(end) for end in intervals["precision"])
    labelled = [LabelledPicture("a", np.array([[0, 0, 40, 40]], np.float32), NO_BOXES)]
    assert detection_intervals(labelled, [[]], confidence_threshold=0.5, draws=5)["ap50"] == (0.0, 0.0)


@pytest.mark.parametrize(
    ("holds", "pictures", "low", "high"),
    # From Newcombe, Statistics in Medicine 17, 1998, 857-872, table I (score method).
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_against_published_values(holds: int, pictures: int, low: float, high: float) -> None:
    np.testing.assert_allclose(share_interval(holds, pictures), (low, high), atol=6e-5)


def test_a_share_of_nothing() -> None:
    assert all(math.isnan(end) for end in share_interval(0, 0))
    assert share_interval(20, 20)[1] == 1.0
