from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from realtime_fer.evaluation.detection.pictures import LabelledPicture
from realtime_fer.evaluation.detection.sizes import SIZE_BANDS_PX, recall_by_size, recall_in_conversation
from tests.evaluation.detector_folders import Box, face

NO_BOXES = np.zeros((0, 4), np.float32)


def square(left: float, side: float) -> Box:
    return (left, 0, left + side, side + 5)


SIDES = (10, 12, 15.5, 16, 39, 40, 300, 301)
PICTURE = LabelledPicture("a_1", np.array([square(500 * i, side) for i, side in enumerate(SIDES)], np.float32), NO_BOXES)


def test_each_face_counts_in_the_band_of_its_shorter_side() -> None:
    found = [[face(square(500, 12), 0.9), face(square(1500, 16), 0.4), face(square(2500, 40), 0.5)]]
    sizes = recall_by_size([PICTURE], found, confidence_threshold=0.5)
    assert list(sizes) == ["12-16", "16-24", "24-40", "40-80", "80-160", "160+"]
    assert [size.faces for size in sizes.values()] == [2, 1, 1, 1, 0, 2]
    assert sizes["12-16"].recall == 0.5
    assert sizes["16-24"].recall == 0.0  # found, but below the threshold
    assert sizes["40-80"].recall == 1.0
    assert math.isnan(sizes["80-160"].recall)
    assert recall_by_size([PICTURE], found, confidence_threshold=0.3)["16-24"].recall == 1.0


def test_conversation_is_40_to_300_px_both_included() -> None:
    found = [[face(square(2500, 40), 0.9)]]
    conversation = recall_in_conversation([PICTURE], found, confidence_threshold=0.5)
    assert (conversation.faces, conversation.recall) == (2, 0.5)
    assert math.isnan(recall_in_conversation([], [], confidence_threshold=0.5).recall)


def test_bands_leave_no_gap() -> None:
    assert all(upper == lower for (_, upper), (lower, _) in itertools.pairwise(SIZE_BANDS_PX))
    total = sum(size.faces for size in recall_by_size([PICTURE], [[]], confidence_threshold=0.5).values())
    assert total == pytest.approx(len(SIDES) - 1)
