from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realtime_fer.evaluation.detection.pictures import LabelledPicture
from realtime_fer.evaluation.detection.robustness import (
    DETECTION_ROBUSTNESS_TABLE,
    blurred,
    dark,
    grey,
    in_place,
    jpeg,
    lower_half_covered,
    moving,
    score_spoiled,
    shrunk,
    tilted,
    unchanged,
)
from realtime_fer.types import FaceDetection, ImageBgr
from tests.evaluation.detector_folders import MIDDLE, face, save_pictures

NO_BOXES = np.zeros((0, 4), np.float32)


def labelled(*boxes: tuple[float, float, float, float], name: str = "a_1.png") -> LabelledPicture:
    return LabelledPicture(name, np.array(boxes, np.float32).reshape(-1, 4), NO_BOXES)


def scene() -> ImageBgr:
    rows, columns = np.mgrid[0:120, 0:160]
    planes = [128 + 100 * np.sin(rows / 3) * np.cos(columns / 4), rows * 2.0, columns * 1.5]
    return np.stack(planes, axis=-1).astype(np.uint8)


FACE = labelled((60, 40, 100, 80))


@pytest.mark.parametrize("name", DETECTION_ROBUSTNESS_TABLE)
def test_every_spoiling_repeats_and_leaves_its_input_alone(name: str) -> None:
    image = scene()
    spoil = DETECTION_ROBUSTNESS_TABLE[name]
    spoiled, there = spoil(image, FACE)
    again, there_again = spoil(image, FACE)
    assert spoiled.dtype == np.uint8
    assert (spoiled == again).all()
    np.testing.assert_array_equal(there.faces_xyxy, there_again.faces_xyxy)
    assert (image == scene()).all()
    assert (spoiled.shape == image.shape and (spoiled == image).all()) == (name == "as they are")


def test_blurs_lose_detail_and_motion_only_along_the_rows() -> None:
    image = scene()
    assert blurred(4)(image, FACE)[0].std() < blurred(1)(image, FACE)[0].std() < image.std()
    stripes = np.zeros((60, 60, 3), np.uint8)
    stripes[::2] = 255
    assert (moving(9)(stripes, FACE)[0] == stripes).all()
    assert np.ptp(moving(8)(np.ascontiguousarray(stripes.transpose(1, 0, 2)), FACE)[0][10:-10, 10:-10]) < 10


def test_dark_scales_and_adds_grain_of_its_own_to_every_picture() -> None:
    flat = np.full((100, 100, 3), 200, np.uint8)
    spoiled = dark(0.3, 4)(flat, FACE)[0].astype(float)
    assert spoiled.mean() == pytest.approx(60, abs=0.3)
    assert spoiled.std() == pytest.approx(4, rel=0.05)
    assert (dark(0.3, 4)(flat, labelled(name="a_2.png"))[0] != spoiled).any()


def test_grey_and_jpeg() -> None:
    image = scene()
    spoiled = grey(image, FACE)[0]
    assert (spoiled[..., 0] == spoiled[..., 2]).all()
    losses = [np.abs(jpeg(quality)(image, FACE)[0].astype(int) - image).mean() for quality in (10, 90)]
    assert losses[0] > losses[1] > 0


def test_values_stay_in_range() -> None:
    bright = np.full((4, 4, 3), 250, np.uint8)
    assert in_place(lambda image: image.astype(float) * 2)(bright, FACE)[0].max() == 255
    assert in_place(lambda image: image.astype(float) - 300)(bright, FACE)[0].max() == 0


def test_half_size_halves_the_boxes() -> None:
    picture = LabelledPicture("a", FACE.faces_xyxy, FACE.faces_xyxy + 2)
    image, there = shrunk(0.5)(scene(), picture)
    assert image.shape == (60, 80, 3)
    np.testing.assert_allclose(there.faces_xyxy, [[30, 20, 50, 40]])
    np.testing.assert_allclose(there.ignored_xyxy, [[31, 21, 51, 41]])


def disc(height: int, width: int, centre_xy: tuple[float, float], axes: tuple[float, float]) -> ImageBgr:
    """A white ellipse on black, whose box is centre minus to plus axes."""
    rows, columns = np.mgrid[0:height, 0:width] + 0.5
    inside = ((columns - centre_xy[0]) / axes[0]) ** 2 + ((rows - centre_xy[1]) / axes[1]) ** 2 <= 1
    return np.repeat((inside * 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("degrees", [15, 30, -45, 90])
def test_a_tilted_box_is_around_the_tilted_face(degrees: float) -> None:
    image = disc(240, 320, (200, 100), (20, 30))
    spoiled, there = tilted(degrees)(image, labelled((180, 70, 220, 130)))
    rows, columns = np.nonzero(spoiled[..., 0] > 200)
    around = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(there.faces_xyxy, [around], atol=1.6)


def test_tilting_upright_and_once_around_changes_no_box() -> None:
    for degrees in (0, 360):
        np.testing.assert_allclose(tilted(degrees)(scene(), FACE)[1].faces_xyxy, FACE.faces_xyxy, atol=1e-3)


def test_a_face_that_tilts_out_of_the_picture_counts_neither_way() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    # The first is in the middle and stays; the second is cut by the border; the third leaves altogether.
    picture = labelled((80, 80, 120, 120), (20, 5, 60, 45), (0, 0, 14, 14))
    _, there = tilted(45)(image, picture)
    assert len(there.faces_xyxy) == 1
    assert len(there.ignored_xyxy) == 1
    assert (there.ignored_xyxy >= 0).all()
    assert (there.ignored_xyxy <= 200).all()


def test_the_lower_half_is_hidden_and_nothing_else() -> None:
    image = scene()
    spoiled, there = lower_half_covered(image, labelled((60, 40, 100, 80), (150, 100, 170, 130), (300, 300, 320, 320)))
    assert len(there.faces_xyxy) == 3
    changed = (spoiled != image).any(axis=-1)
    allowed = np.zeros_like(changed)
    allowed[60:80, 60:100] = allowed[115:120, 150:160] = True
    assert not (changed & ~allowed).any()
    assert np.ptp(spoiled[60:80, 60:100].reshape(-1, 3), axis=0).tolist() == [0, 0, 0]
    assert spoiled[70, 80].tolist() == np.rint(image[40:80, 60:100].mean(axis=(0, 1))).tolist()


def test_detectors_are_scored_on_every_spoiling(tmp_path: Path) -> None:
    folder = save_pictures(tmp_path, {"a_1": (255, MIDDLE), "a_2": (255, "")})

    def bright(image: ImageBgr) -> list[FaceDetection]:
        side = image.shape[0]
        return [face((side / 4, side / 4, side * 3 / 4, side * 3 / 4), 0.9)] if image.max() > 100 else []

    scores = score_spoiled(
        {"one": bright, "blind": lambda _: []},
        folder,
        confidence_threshold=0.5,
        spoilings={"as it is": unchanged, "dark": dark(0.1, 0), "half": shrunk(0.5)},
    )
    assert list(scores) == ["as it is", "dark", "half"]
    assert (scores["as it is"]["one"].recall, scores["as it is"]["blind"].recall) == (1.0, 0.0)
    assert scores["dark"]["one"].recall == 0.0
    assert (scores["half"]["one"].recall, scores["half"]["one"].faces) == (1.0, 1)
    assert scores["half"]["one"].empty_pictures_with_face == 1.0
