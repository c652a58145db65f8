from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_fer.detection.letterbox import MAX_ENLARGEMENT, Letterbox, LetterboxPlan, plan_letterbox, plan_letterbox_into
from realtime_fer.errors import ShapeError

sides = st.integers(1, 4000)


def check_geometry(plan: LetterboxPlan) -> None:
    assert 1 <= plan.resized_width <= plan.input_width
    assert 1 <= plan.resized_height <= plan.input_height
    assert 0 <= plan.pad_left <= plan.input_width - plan.resized_width
    assert 0 <= plan.pad_top <= plan.input_height - plan.resized_height
    # The frame's corners land on the corners of the picture inside the padding.
    corners = np.array([[0, 0], [plan.frame_width, plan.frame_height]], np.float32)
    np.testing.assert_allclose(
        plan.to_input(corners),
        [
            [plan.pad_left, plan.pad_top],
            [plan.pad_left + plan.resized_width, plan.pad_top + plan.resized_height],
        ],
        rtol=1e-6,
    )


@given(width=sides, height=sides, long_side=st.integers(32, 1280))
def test_plan_is_minimal_and_keeps_the_shape(width: int, height: int, long_side: int) -> None:
    plan = plan_letterbox(width, height, long_side_px=long_side)
    check_geometry(plan)
    assert plan.input_width % 32 == 0
    assert plan.input_height % 32 == 0
    assert plan.input_width - plan.resized_width < 32
    assert plan.input_height - plan.resized_height < 32
    assert max(plan.resized_width, plan.resized_height) <= long_side
    assert max(plan.resized_width, plan.resized_height) <= MAX_ENLARGEMENT * max(width, height)
    # The same scale both ways, up to the rounding to whole pixels.
    scale = min(long_side / max(width, height), MAX_ENLARGEMENT)
    assert abs(plan.resized_width - max(1, width * scale)) <= 0.5 + 1e-6
    assert abs(plan.resized_height - max(1, height * scale)) <= 0.5 + 1e-6


@given(width=sides, height=sides, input_width=st.integers(1, 800), input_height=st.integers(1, 800))
def test_plan_into_a_fixed_size(width: int, height: int, input_width: int, input_height: int) -> None:
    plan = plan_letterbox_into(width, height, input_width=input_width, input_height=input_height)
    check_geometry(plan)
    assert (plan.input_width, plan.input_height) == (input_width, input_height)


@given(
    width=sides,
    height=sides,
    long_side=st.integers(32, 1280),
    points=st.lists(st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5)), min_size=1, max_size=5),
)
def test_the_way_back_is_exact(width: int, height: int, long_side: int, points: list[tuple[float, float]]) -> None:
    plan = plan_letterbox(width, height, long_side_px=long_side)
    frame_points = np.array(points, np.float32) * np.array([width, height], np.float32)
    # float32 keeps 7 digits of coordinates up to some thousands; nothing else may be lost.
    np.testing.assert_allclose(plan.to_frame(plan.to_input(frame_points)), frame_points, atol=2e-6 * max(width, height) + 1e-4)


@pytest.mark.parametrize(
    ("frame", "network"),
    [
        ((640, 360), (320, 192)),
        ((640, 480), (320, 256)),
        ((1920, 1080), (320, 192)),
        ((480, 640), (256, 320)),
        ((1, 1), (32, 32)),
    ],
)
def test_known_sizes(frame: tuple[int, int], network: tuple[int, int]) -> None:
    plan = plan_letterbox(*frame, long_side_px=320)
    assert (plan.input_width, plan.input_height) == network


def test_blob_is_the_padded_picture_as_opencv_makes_it() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (90, 200, 3), np.uint8)
    plan = plan_letterbox(200, 90, long_side_px=320)
    blob = Letterbox(plan).fill(image)
    canvas = np.full((plan.input_height, plan.input_width, 3), 114, np.uint8)
    inside = cv2.resize(image, (plan.resized_width, plan.resized_height), interpolation=cv2.INTER_LINEAR)
    canvas[plan.pad_top : plan.pad_top + plan.resized_height, plan.pad_left : plan.pad_left + plan.resized_width] = inside
    expected = cv2.dnn.blobFromImage(canvas, 1 / 255, swapRB=True)
    assert blob.dtype == np.float32
    assert blob.flags.c_contiguous
    np.testing.assert_allclose(blob, expected, atol=1e-6)


def test_colour_order_and_padding() -> None:
    image = np.zeros((64, 128, 3), np.uint8)
    image[..., 2] = 255  # red in BGR
    plan = plan_letterbox_into(128, 64, input_width=128, input_height=128)
    blob = Letterbox(plan).fill(image)
    np.testing.assert_array_equal(blob[0, :, 64, 64], [1, 0, 0])
    np.testing.assert_allclose(blob[0, :, 0, 0], 114 / 255)


def test_second_frame_leaves_nothing_of_the_first() -> None:
    plan = plan_letterbox(50, 40, long_side_px=64)
    letterbox = Letterbox(plan)
    letterbox.fill(np.full((40, 50, 3), 255, np.uint8))
    black = np.zeros((40, 50, 3), np.uint8)
    np.testing.assert_array_equal(letterbox.fill(black), Letterbox(plan).fill(black))


def test_frame_is_not_changed_and_may_be_a_view() -> None:
    whole = np.random.default_rng(1).integers(0, 256, (80, 100, 3), np.uint8)
    view = whole[10:70:1, 5:95]
    before = whole.copy()
    plan = plan_letterbox(90, 60, long_side_px=64)
    np.testing.assert_array_equal(Letterbox(plan).fill(view), Letterbox(plan).fill(np.ascontiguousarray(view)))
    np.testing.assert_array_equal(whole, before)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 2)])
def test_tiny_and_thin_pictures(size: tuple[int, int]) -> None:
    width, height = size
    blob = Letterbox(plan_letterbox(width, height, long_side_px=320)).fill(np.full((height, width, 3), 7, np.uint8))
    assert blob.shape[2] % 32 == 0
    assert blob.shape[3] % 32 == 0
    assert np.isclose(blob, 7 / 255).any()


def test_wrong_frame_size_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(10, 20, 3\).*\(20, 10, 3\)"):
        Letterbox(plan_letterbox(20, 10, long_side_px=32)).fill(np.zeros((20, 10, 3), np.uint8))


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(ShapeError, match="at least 1 pixel"):
        plan_letterbox(0, 10, long_side_px=320)
    with pytest.raises(ShapeError, match="at least 1 pixel"):
        plan_letterbox_into(10, 10, input_width=0, input_height=32)
