from __future__ import annotations

import cv2
import numpy as np
import pytest

from realtime_fer.expression.face_quality import assess_quality
from realtime_fer.types import FaceQuality
from tests.fakes import box

RNG = np.random.default_rng(0)
# Smooth shapes with edges, as a face has.
SHARP: np.ndarray = np.asarray(
    cv2.resize(RNG.integers(40, 200, (16, 16), dtype=np.uint8), (48, 48), interpolation=cv2.INTER_CUBIC)
)


def assess(
    crop: np.ndarray | None = None, where: tuple[float, float, float, float] = (100, 100, 180, 190), confidence: float = 0.8
) -> FaceQuality:
    return assess_quality(SHARP if crop is None else crop, box(*where), confidence, frame_width=640, frame_height=480)


def blurred(sigma: float) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(SHARP, (0, 0), sigma))


def test_a_good_face_is_good_and_says_why() -> None:
    quality = assess()
    assert quality.score == 1
    assert quality.size_px == 80
    assert quality.visible == 1
    assert quality.contrast == pytest.approx(SHARP.std(), rel=1e-3)


def test_blur_lowers_it_step_by_step() -> None:
    sharpness = [assess(blurred(sigma)).sharpness for sigma in (0.5, 1, 2, 4)]
    assert sharpness == sorted(sharpness, reverse=True)
    assert assess(blurred(4)).score < 0.6 < assess().score


def test_light_does_not_pass_for_sharpness() -> None:
    assert assess((SHARP * 0.5).astype(np.uint8)).sharpness == pytest.approx(assess().sharpness, rel=0.1)


@pytest.mark.parametrize("side", [112, 227, 299])
@pytest.mark.parametrize("sigma", [0.0, 2.0])
def test_the_size_of_the_classifiers_crop_does_not_matter(side: int, sigma: float) -> None:
    face = blurred(sigma) if sigma else SHARP
    large = np.asarray(cv2.resize(face, (side, side), interpolation=cv2.INTER_LINEAR))
    here, there = assess(face), assess(np.repeat(large[..., None], 3, axis=2))
    assert there.sharpness == pytest.approx(here.sharpness, rel=0.25)
    assert there.contrast == pytest.approx(here.contrast, rel=0.1)
    assert there.score == pytest.approx(here.score, abs=0.25)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"where": (100, 100, 112, 112)}, 0.0),
        ({"where": (100, 100, 122, 122)}, 0.5),
        ({"where": (-48, 100, 32, 190)}, 0.0),
        ({"where": (-28, 100, 52, 190)}, 0.5),
        ({"confidence": 0.3}, 0.5),
        ({"crop": np.full((48, 48), 9, np.uint8)}, 0.0),
    ],
)
def test_the_weakest_part_decides(change: dict[str, object], expected: float) -> None:
    assert assess(**change).score == pytest.approx(expected, abs=0.01)  # type: ignore[arg-type]


def test_colour_is_judged_as_grey() -> None:
    colour = np.asarray(cv2.cvtColor(np.asarray(SHARP), cv2.COLOR_GRAY2RGB))
    assert assess(colour) == assess()


def test_a_box_without_area() -> None:
    assert assess(where=(10, 10, 10, 10)).score == 0
