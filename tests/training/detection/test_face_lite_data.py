from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.training.detection.face_lite_data import (
    MIN_FACE_PX,
    FaceLiteSamples,
    KeptPicture,
    keep_pictures,
    moved_boxes,
    place_picture,
    recolour,
)


def picture_with_face() -> KeptPicture:
    """A white disc on black, boxed."""
    image = np.zeros((120, 160, 3), np.uint8)
    cv2.circle(image, (80, 60), 30, (255, 255, 255), -1)
    return KeptPicture(image, np.array([[50, 30, 110, 90]], np.float32))


def test_boxes_lie_on_the_faces_however_the_picture_is_placed() -> None:
    found = 0
    for seed in range(30):
        canvas = np.zeros((200, 200, 3), np.uint8)
        boxes = place_picture(canvas, picture_with_face(), (20, 40, 180, 200), np.random.default_rng(seed))
        for x0, y0, x1, y1 in boxes.round().astype(int):
            assert 20 <= x0 < x1 <= 180
            assert 40 <= y0 < y1 <= 200
            bright = canvas[40:200, 20:180, 0] > 200
            ys, xs = np.nonzero(bright)
            np.testing.assert_allclose([x0, y0, x1, y1], [xs.min() + 20, ys.min() + 40, xs.max() + 21, ys.max() + 41], atol=3)
            found += 1
        assert not canvas[:40].any()
        assert not canvas[:, :20].any()
    assert found >= 15


def test_a_turned_box_is_that_of_the_ellipse_inside() -> None:
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    angles = np.linspace(0, 2 * np.pi, 2000)
    ellipse = np.stack([20 + 10 * np.cos(angles), 30 + 15 * np.sin(angles)], axis=1) @ turn.T + [3, 4]
    (box,) = moved_boxes(np.array([[10, 15, 30, 45]], np.float32), turn, np.array([3.0, 4.0]))
    np.testing.assert_allclose(box, [*ellipse.min(axis=0), *ellipse.max(axis=0)], atol=0.01)


def test_a_sample_depends_on_seed_epoch_and_number_alone() -> None:
    pictures = [picture_with_face()] * 6
    first = FaceLiteSamples(pictures, side_px=96, seed=1, epoch=2)
    again = FaceLiteSamples(pictures, side_px=96, seed=1, epoch=2)
    later = FaceLiteSamples(pictures, side_px=96, seed=1, epoch=3)
    _ = first[3]
    np.testing.assert_array_equal(first[5][0], again[5][0])
    np.testing.assert_array_equal(first[5][1], again[5][1])
    assert not np.array_equal(first[5][0], later[5][0])


def test_samples_have_their_form_and_hold_faces() -> None:
    samples = FaceLiteSamples([picture_with_face()] * 20, side_px=128)
    assert len(samples) == 20
    faces = 0
    for image, boxes in (samples[i] for i in range(len(samples))):
        assert image.shape == (128, 128, 3)
        assert image.dtype == np.uint8
        assert boxes.dtype == np.float32
        assert boxes.shape == (len(boxes), 4)
        if len(boxes):
            assert (boxes[:, 2:] - boxes[:, :2]).min() >= MIN_FACE_PX
            assert boxes.min() >= 0
            assert boxes.max() <= 128
        faces += len(boxes)
    assert faces >= 20


def test_without_mosaics_a_sample_shows_one_picture() -> None:
    samples = FaceLiteSamples([picture_with_face()] * 20, side_px=128, mosaic=False)
    assert max(len(samples[i][1]) for i in range(20)) == 1


def test_every_picture_is_shown_once_an_epoch() -> None:
    # Pictures of one grey each; without mosaics each sample shows the one that the epoch's order names.
    pictures = [KeptPicture(np.full((64, 64, 3), 10 * i, np.uint8), np.zeros((0, 4), np.float32)) for i in range(5)]
    samples = FaceLiteSamples(pictures, side_px=64, mosaic=False)
    assert sorted(samples._order.tolist()) == list(range(5))


def test_pictures_without_faces_stay_so() -> None:
    blank = KeptPicture(np.zeros((60, 80, 3), np.uint8), np.zeros((0, 4), np.float32))
    samples = FaceLiteSamples([blank] * 5, side_px=64)
    assert all(samples[i][1].shape == (0, 4) for i in range(5))


def test_colours_change_but_not_the_picture() -> None:
    image = np.tile(np.arange(0, 200, 2, dtype=np.uint8)[None, :, None], (20, 1, 3))
    changed = recolour(image, np.random.default_rng(0))
    assert changed.shape == image.shape
    assert changed.dtype == np.uint8
    assert not np.array_equal(changed, image)
    assert (np.diff(changed[0, :, 1].astype(int)) >= 0).all()  # brighter stays brighter


def test_pictures_are_kept_small_and_once(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    path = tmp_path / "images" / "rf_1.png"
    cv2.imwrite(str(path), np.zeros((300, 600, 3), np.uint8))
    (tmp_path / "labels" / "rf_1.txt").write_text("0 0.5 0.5 0.1 0.2\n")
    first, second = keep_pictures([path, path], longest_px=300)
    assert first is second
    assert first.image.shape == (150, 300, 3)
    np.testing.assert_allclose(first.faces_xyxy, [[135, 60, 165, 90]], atol=1e-3)


def test_an_unreadable_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none\.png: expected a picture"):
        keep_pictures([tmp_path / "none.png"])
