from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.reasoning.chain_of_affect.face import cut_face

CROP = np.arange(40 * 60 * 3, dtype=np.int64).astype(np.uint8).reshape(40, 60, 3)


def test_the_box_itself() -> None:
    assert (cut_face(CROP, (10.0, 5.0, 30.0, 25.0), 0.0) == CROP[5:25, 10:30]).all()


def test_a_margin_is_a_share_of_each_side() -> None:
    assert (cut_face(CROP, (10.0, 10.0, 30.0, 20.0), 0.5) == CROP[5:25, 0:40]).all()


def test_broken_pixels_are_taken_whole_and_the_border_holds() -> None:
    assert cut_face(CROP, (10.4, 5.6, 29.5, 24.1), 0.0).shape == (20, 20, 3)
    assert (cut_face(CROP, (-10.0, -10.0, 100.0, 20.0), 0.0) == CROP[:20]).all()


@pytest.mark.parametrize("box", [(100.0, 0.0, 120.0, 20.0), (5.0, -9.0, 9.0, -1.0)])
def test_a_box_outside_leaves_the_picture(box: tuple[float, float, float, float]) -> None:
    assert cut_face(CROP, box, 0.0) is CROP
