from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_fer.datasets.five_point_crop import SIDE_PX, TEMPLATE, five_of_68, five_point_crop, similarity
from realtime_fer.errors import ShapeError

UNIT = np.array(TEMPLATE)


def placed(degrees: float, scale: float, x: float, y: float) -> npt.NDArray[np.float64]:
    """The template's points turned, scaled and moved."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(scale * UNIT @ turn.T + (x, y))


@given(st.floats(-180, 180), st.floats(5, 900), st.floats(-500, 500), st.floats(-500, 500))
def test_a_moved_face_comes_back(degrees: float, scale: float, x: float, y: float) -> None:
    source = placed(degrees, scale, x, y)
    matrix = similarity(source, UNIT * 100)
    np.testing.assert_allclose(source @ matrix[:, :2].T + matrix[:, 2], UNIT * 100, atol=1e-6)
    assert np.linalg.det(matrix[:, :2]) == pytest.approx((100 / scale) ** 2)


def test_the_fit_is_the_least_squares_one() -> None:
    random = np.random.default_rng(2)
    source, target = random.normal(size=(5, 2)), random.normal(size=(5, 2))
    # The same as four unknowns of a linear system.
    rows = [[x, -y, 1, 0] for x, y in source] + [[y, x, 0, 1] for x, y in source]
    a, b, tx, ty = np.linalg.lstsq(np.array(rows), np.concatenate([target[:, 0], target[:, 1]]), rcond=None)[0]
    np.testing.assert_allclose(similarity(source, target), [[a, -b, tx], [b, a, ty]])


def test_a_mirrored_face_is_not_mirrored_back() -> None:
    matrix = similarity(UNIT * (-1, 1), UNIT)
    assert np.linalg.det(matrix[:, :2]) > 0


@pytest.mark.parametrize(("degrees", "scale"), [(0, 150), (35, 150), (-20, 1200), (10, 60)])
def test_the_five_points_land_on_the_template(degrees: float, scale: float) -> None:
    points = placed(degrees, scale, 0, 0)
    points -= points.min(axis=0) - scale / 3
    picture = np.zeros((int(points.max()) + int(scale / 3), int(points.max()) + int(scale / 3), 3), np.uint8)
    for x, y in points:
        cv2.circle(picture, (round(x), round(y)), max(2, round(scale / 60)), (255, 255, 255), -1)
    crop = five_point_crop(picture, points)
    assert crop.shape == (SIDE_PX, SIDE_PX, 3)
    spots, _, _, centres = cv2.connectedComponentsWithStats((crop[..., 0] > 100).astype(np.uint8))
    assert spots == 6
    found = sorted(map(tuple, centres[1:] / SIDE_PX), key=lambda spot: (round(spot[1], 1), spot[0]))
    expected = sorted(TEMPLATE, key=lambda spot: (round(spot[1], 1), spot[0]))
    np.testing.assert_allclose(found, expected, atol=0.012)


def test_eyes_lie_where_the_masks_have_them() -> None:
    (left, right, *_) = TEMPLATE
    assert left == pytest.approx((0.25, 0.28))
    assert right == pytest.approx((0.74, 0.28))


def test_every_pixel_of_a_large_face_counts() -> None:
    stripes = np.zeros((800, 800, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = five_point_crop(stripes, UNIT * 800, 100)[5:-5, 5:-5]
    assert crop.mean() == pytest.approx(127.5, abs=1.5)
    assert crop.std() < 10


def test_outside_the_picture_it_is_black() -> None:
    crop = five_point_crop(np.full((40, 40, 3), 200, np.uint8), UNIT * 40 + (20, 0), 40)
    assert (crop[:, :18] == 200).all()
    assert (crop[:, 22:] == 0).all()


def test_five_of_the_68_points() -> None:
    points = np.random.default_rng(0).normal(size=(68, 2))
    five = five_of_68(points)
    np.testing.assert_allclose(five[0], points[36:42].mean(axis=0))
    np.testing.assert_allclose(five[1], points[42:48].mean(axis=0))
    np.testing.assert_allclose(five[2:], points[[30, 48, 54]])


def test_points_that_do_not_do() -> None:
    with pytest.raises(ShapeError, match=r"\(68, 2\), found \(5, 2\)"):
        five_of_68(UNIT)
    with pytest.raises(ShapeError, match=r"\(5, 2\), found \(4, 2\)"):
        five_point_crop(np.zeros((9, 9, 3), np.uint8), UNIT[:4])
    for source in (np.ones((5, 2)), np.full((5, 2), np.nan), UNIT[:4]):
        with pytest.raises(ShapeError, match="points: expected"):
            similarity(source, UNIT)
