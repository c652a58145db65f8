from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from realtime_fer.sources.demo_scene import FPS, HEIGHT, WIDTH, DemoScene, collins_pose, hopper_pose

from .fakes import FACE_CASCADE

pytest.importorskip("skimage")
pytest.importorskip("matplotlib")

TEN_SECONDS = [index / FPS for index in range(300)]


@pytest.fixture(scope="module")
def scene() -> DemoScene:
    return DemoScene()


def test_a_frame_depends_on_its_index_alone(scene: DemoScene) -> None:
    once = scene.render(137)
    scene.render(5)
    np.testing.assert_array_equal(scene.render(137), once)
    np.testing.assert_array_equal(DemoScene().render(137), once)
    assert once.shape == (HEIGHT, WIDTH, 3)
    assert once.dtype == np.uint8
    assert not np.array_equal(scene.render(138), once)


def test_frames_are_new_arrays(scene: DemoScene) -> None:
    first = scene.render(0)
    first[...] = 0
    assert scene.render(0).any()


def test_the_faces_are_found_where_the_poses_say(scene: DemoScene) -> None:
    cascade = cv2.CascadeClassifier(FACE_CASCADE)
    found = 0
    indices = range(0, 300, 20)
    for index in indices:
        grey = cv2.cvtColor(scene.render(index), cv2.COLOR_BGR2GRAY)
        centres = [(x + w / 2, y + h / 2) for x, y, w, h in cascade.detectMultiScale(grey, 1.1, 5, minSize=(50, 50))]
        assert 1 <= len(centres) <= 2
        poses = (collins_pose(index / FPS), hopper_pose(index / FPS))
        for x, y in centres:
            assert min(np.hypot(x - pose.x, y - pose.y) for pose in poses) < 60
        found += len(centres)
    assert found >= 1.5 * len(indices)


def test_the_two_pass_each_other_and_one_leaves_the_view() -> None:
    left_to_right = [collins_pose(t).x < hopper_pose(t).x for t in TEN_SECONDS]
    assert left_to_right[0]
    assert left_to_right[-1]
    changes = sum(a != b for a, b in itertools.pairwise(left_to_right))
    assert changes == 2
    away = [hopper_pose(t).x < -60 for t in TEN_SECONDS]
    assert 15 < sum(away) < 90
    assert not away[0]
    assert not away[-1]
    assert all(0 < collins_pose(t).x < WIDTH for t in TEN_SECONDS)


def test_motion_is_smooth_and_sizes_change() -> None:
    for pose in (collins_pose, hopper_pose):
        poses = [pose(index / FPS) for index in range(1200)]
        steps = np.hypot(np.diff([p.x for p in poses]), np.diff([p.y for p in poses]))
        assert steps.max() < 25
        scales = [p.scale for p in poses]
        assert max(scales) / min(scales) > 1.4


def test_the_light_changes_slowly(scene: DemoScene) -> None:
    corner = np.array([scene.render(index)[:40, :40].mean() for index in range(0, 420, 7)])
    assert corner.max() - corner.min() > 15
    assert np.abs(np.diff(corner)).max() < 8


def test_far_frames_render_as_well(scene: DemoScene) -> None:
    assert scene.render(10_000_000).shape == (HEIGHT, WIDTH, 3)
