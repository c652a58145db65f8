from __future__ import annotations

import numpy as np

from realtime_fer.training import camera_degradation
from realtime_fer.training.camera_degradation import CameraDegradation, cover_part_of_face, degrade
from tests.fakes import box

PICTURE = np.random.default_rng(5).integers(0, 256, (120, 160, 3), dtype=np.uint8)


class FakeInstances:
    """What ultralytics hands over: boxes with a format and a unit."""

    def __init__(self) -> None:
        self.bboxes = np.array([[0.25, 0.25, 0.75, 0.75]], np.float32)
        self.format = "xywh"

    def convert_bbox(self, format: str) -> None:  # noqa: A002 - the name ultralytics uses
        self.format = format

    def denormalize(self, width: int, height: int) -> None:
        self.bboxes = self.bboxes * np.array([width, height, width, height], np.float32)


def test_each_kind_happens_and_form_and_frame_stay() -> None:
    rng, before = np.random.default_rng(0), PICTURE.copy()
    results = [degrade(PICTURE, rng) for _ in range(200)]
    assert all(r.shape == PICTURE.shape and r.dtype == np.uint8 for r in results)
    np.testing.assert_array_equal(PICTURE, before)
    assert any((r == PICTURE).all() for r in results), "many pictures stay as they are"
    assert any((r[..., 0] == r[..., 1]).all() for r in results), "some turn grey"
    assert any(r.mean() < 0.6 * PICTURE.mean() for r in results), "some turn dark"
    assert any(r.astype(float).std() < 0.7 * PICTURE.astype(float).std() and r.mean() > 100 for r in results), (
        "some are blurred"
    )


def test_a_covered_face_keeps_at_least_half() -> None:
    face = box(40, 30, 120, 110)
    for seed in range(50):
        image = np.zeros((120, 160, 3), np.uint8)
        image[30:110, 40:120] = 77
        cover_part_of_face(image, face, np.random.default_rng(seed))
        kept = (image[30:110, 40:120] == 77).all(-1).mean()
        assert 0.4 < kept <= 1.0


def test_a_tiny_face_is_left_alone() -> None:
    image = PICTURE.copy()
    cover_part_of_face(image, box(10, 10, 15, 15), np.random.default_rng(0))
    np.testing.assert_array_equal(image, PICTURE)


def test_samples_of_ultralytics_come_back_whole() -> None:
    degradation = CameraDegradation(seed=1)
    covered = 0
    for _ in range(40):
        instances = FakeInstances()
        labels = degradation({"img": PICTURE, "instances": instances})
        assert labels["img"].shape == PICTURE.shape
        covered += instances.format == "xyxy"
    assert 0.1 < covered / 40 < 0.6
    assert camera_degradation.OCCLUSION_PROBABILITY == 0.3


def test_the_same_seed_gives_the_same_pictures() -> None:
    def draw(seed: int) -> list[np.ndarray]:
        degradation = CameraDegradation(seed)
        return [degradation({"img": PICTURE, "instances": FakeInstances()})["img"] for _ in range(10)]

    assert all((a == b).all() for a, b in zip(draw(3), draw(3), strict=True))
    assert any((a != b).any() for a, b in zip(draw(3), draw(4), strict=True))
