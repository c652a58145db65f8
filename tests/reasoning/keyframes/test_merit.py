from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from realtime_fer.reasoning.keyframes.merit import frontality, picture_merit
from tests.reasoning.keyframes.faces import NEUTRAL, face, quality

TRACK = face(1, NEUTRAL).track


def landmarks(nose_x: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([[10, 10], [30, 10], [nose_x, 20], [12, 30], [28, 30]], np.float32)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (quality(0.9), quality(0.5)),
        (quality(size_px=150), quality(size_px=80)),
        (quality(sharpness=0.45), quality(sharpness=0.2)),
    ],
)
def test_each_part_counts(better: object, worse: object) -> None:
    assert picture_merit(better, TRACK) > picture_merit(worse, TRACK)  # type: ignore[arg-type]


def test_enough_is_enough() -> None:
    best = quality(size_px=224, sharpness=0.5)
    assert picture_merit(best, TRACK) == 1.0
    assert picture_merit(quality(size_px=900, sharpness=3), TRACK) == 1.0


def test_a_predicted_box_and_a_turned_head_are_worth_less() -> None:
    seen = quality()
    assert picture_merit(seen, replace(TRACK, detected=False)) < picture_merit(seen, TRACK)
    turned, frontal = (replace(TRACK, landmarks_xy=landmarks(x)) for x in (27, 20))
    assert picture_merit(seen, turned) < picture_merit(seen, frontal) == picture_merit(seen, TRACK)
    profile = replace(TRACK, landmarks_xy=landmarks(40))
    assert 0 < picture_merit(seen, profile) < picture_merit(seen, turned)


def test_frontality_is_the_nose_between_the_eyes() -> None:
    assert frontality(landmarks(20)) == 1
    assert frontality(landmarks(15)) == pytest.approx(0.5)
    assert frontality(landmarks(25)) == pytest.approx(0.5)
    assert frontality(landmarks(10)) == 0
    assert frontality(landmarks(45)) == 0


def test_frontality_does_not_depend_on_tilt_or_size() -> None:
    angle = np.deg2rad(35)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    tilted = (landmarks(17) @ turn.T * 3 + 50).astype(np.float32)
    assert frontality(tilted) == pytest.approx(frontality(landmarks(17)), abs=1e-5)


def test_frontality_of_nonsense_is_none() -> None:
    assert frontality(np.zeros((5, 2), np.float32)) == 0
    assert frontality(np.full((5, 2), np.nan, np.float32)) == 0
