from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realtime_fer.evaluation.detection.empty_crops import (
    CROPS_PER_PICTURE,
    LARGEST_OVERLAP,
    MARGIN,
    MIN_CROP_PX,
    WIDEST,
    empty_places,
    read_empty_crops,
)
from realtime_fer.evaluation.detection.matching import overlap_matrix
from realtime_fer.evaluation.detection.pictures import LabelledPicture
from tests.evaluation.detector_folders import MIDDLE, save_pictures

NO_BOXES = np.zeros((0, 4), np.float32)


@pytest.mark.parametrize("seed", range(20))
def test_no_crop_comes_near_a_box(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 600, (4, 2))
    boxes = np.concatenate((corners, corners + rng.uniform(8, 80, (4, 2))), axis=1).astype(np.float32)
    places = empty_places(LabelledPicture(f"a_{seed}", boxes[:2], boxes[2:]), 640, 480)
    assert len(places) <= CROPS_PER_PICTURE
    for x0, y0, x1, y1 in places:
        assert 0 <= x0 < x1 <= 640
        assert 0 <= y0 < y1 <= 480
        assert min(x1 - x0, y1 - y0) >= MIN_CROP_PX
        assert max(x1 - x0, y1 - y0) <= WIDEST * min(x1 - x0, y1 - y0) + WIDEST
        for box in boxes:
            reach = MARGIN * max(box[2] - box[0], box[3] - box[1])
            assert x0 >= box[2] + reach or x1 <= box[0] - reach or y0 >= box[3] + reach or y1 <= box[1] - reach
    if len(places) > 1:
        overlaps = overlap_matrix(*(np.array(places, np.float32),) * 2)
        assert (overlaps - np.eye(len(places))).max() <= LARGEST_OVERLAP


def test_crops_repeat_and_differ_from_picture_to_picture() -> None:
    one, other = (LabelledPicture(name, NO_BOXES, NO_BOXES) for name in ("a_1", "a_2"))
    assert empty_places(one, 640, 480) == empty_places(one, 640, 480) != empty_places(other, 640, 480)
    assert len(empty_places(one, 640, 480)) == CROPS_PER_PICTURE


def test_where_there_is_no_room_there_is_no_crop() -> None:
    full = LabelledPicture("a", np.array([[150, 100, 500, 400]], np.float32), NO_BOXES)
    assert empty_places(full, 640, 480) == []
    assert empty_places(LabelledPicture("a", NO_BOXES, NO_BOXES), 95, 400) == []
    assert empty_places(LabelledPicture("a", NO_BOXES, NO_BOXES), 96, 60) == []


def test_crops_of_a_folder(tmp_path: Path) -> None:
    save_pictures(tmp_path, {"a_1": (200, MIDDLE), "b_1": (100, "")}, size=(192, 256))
    crops = list(read_empty_crops(tmp_path))
    assert crops
    assert {name.split("#")[0] for name, _ in crops} == {"b_1.png"}
    assert [name.split("#")[1] for name, _ in crops] == [str(number) for number in range(len(crops))]
    for _, image in crops:
        assert image.flags.c_contiguous
        assert image[0, 0].tolist() == [0, 0, 100]
