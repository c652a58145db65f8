from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.training import expression_augmentation as augmentation  # noqa: E402

pytestmark = pytest.mark.torch


def generator(seed: int = 0) -> Any:
    made = torch.Generator()
    made.manual_seed(seed)
    return made


def faces(count: int = 64) -> Any:
    rows = torch.arange(48.0).view(1, 1, -1, 1)
    columns = torch.arange(48.0).view(1, 1, 1, -1)
    phases = torch.arange(count).view(-1, 1, 1, 1) * 0.1
    return (128 + 90 * torch.sin(rows / 4 + phases) * torch.cos(columns / 5)).round()


def test_a_batch_keeps_its_shape_and_whole_grey_levels() -> None:
    changed = augmentation.augment(faces(), generator())
    assert changed.shape == (64, 1, 48, 48)
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert torch.equal(changed, changed.round())
    assert not torch.equal(changed, faces())


def test_the_same_seed_draws_the_same_again() -> None:
    assert torch.equal(augmentation.augment(faces(), generator(5)), augmentation.augment(faces(), generator(5)))
    assert not torch.equal(augmentation.augment(faces(), generator(5)), augmentation.augment(faces(), generator(6)))


def test_the_input_is_left_alone() -> None:
    original = faces()
    augmentation.augment(original, generator())
    assert torch.equal(original, faces())


CAMERA_CHANGES = ("shrink_and_enlarge", "blur", "add_noise", "compress")


@pytest.mark.parametrize(("camera_share", "expected"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (3.0, 3.0)])
def test_the_camera_share_scales_how_many_faces_a_camera_spoils(
    monkeypatch: pytest.MonkeyPatch, camera_share: float, expected: float
) -> None:
    touched = dict.fromkeys((*CAMERA_CHANGES, "relight", "cover"), 0)
    for name in touched:

        def count(some: Any, _generator: Any, name: str = name) -> Any:
            touched[name] += len(some)
            return some

        monkeypatch.setattr(augmentation, name, count)
    number = 4000
    augmentation.augment(torch.zeros(number, 1, 8, 8), generator(), camera_share)
    usual = {
        "shrink_and_enlarge": augmentation.SMALL_PROBABILITY,
        "blur": augmentation.BLUR_PROBABILITY,
        "add_noise": augmentation.NOISE_PROBABILITY,
        "compress": augmentation.JPEG_PROBABILITY,
    }
    for name in CAMERA_CHANGES:
        assert touched[name] / number == pytest.approx(expected * usual[name], abs=0.03), name
    # The person and the room stay as they are.
    assert touched["relight"] / number == pytest.approx(augmentation.LIGHT_PROBABILITY, abs=0.03)
    assert touched["cover"] / number == pytest.approx(augmentation.COVER_PROBABILITY, abs=0.03)


def test_without_a_camera_faces_are_still_moved_lit_and_covered() -> None:
    plain = augmentation.augment(faces(), generator(), camera_share=0)
    assert plain.shape == (64, 1, 48, 48)
    assert torch.equal(plain, plain.round())
    assert not torch.equal(plain, faces())
    assert not torch.equal(plain, augmentation.augment(faces(), generator()))


def test_other_shapes_are_refused() -> None:
    for shape in ((2, 48, 48), (2, 3, 48, 48), (2, 1, 48, 40), (2, 1, 50, 50)):
        with pytest.raises(ShapeError, match="multiple of 8"):
            augmentation.augment(torch.zeros(shape), generator())


def test_half_are_mirrored_and_nothing_else_where_nothing_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augmentation, "MOVE_PROBABILITY", 0.0)
    original = faces(200)
    moved = augmentation.move(original, generator())
    same = (moved - original).abs().amax(dim=(1, 2, 3)) < 0.1
    mirrored = (moved - original.flip(3)).abs().amax(dim=(1, 2, 3)) < 0.1
    assert (same | mirrored).all()
    assert 60 < int(mirrored.sum()) < 140


def test_moves_stay_within_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augmentation, "MOVE_PROBABILITY", 1.0)
    disc = torch.zeros(300, 1, 48, 48)
    disc[:, :, 20:28, 20:28] = 255
    moved = augmentation.move(disc, generator())
    places = torch.arange(48.0) + 0.5
    mass = moved.sum(dim=(1, 2, 3))
    x = (moved.sum(dim=(1, 2)) * places).sum(1) / mass
    # The shift is in the picture before scaling, so the largest scale enlarges it; tilt keeps the centre.
    reach = 48 * augmentation.MAX_SHIFT * augmentation.SCALE_RANGE[1] * 1.5
    assert (x - 24).abs().max() < reach
    assert (x - 24).abs().max() > 2
    side = (mass / 255).sqrt() / 8
    assert side.min() > augmentation.SCALE_RANGE[0] * 0.9
    assert side.max() < augmentation.SCALE_RANGE[1] * 1.1


def test_light_changes_level_and_contrast_within_the_range() -> None:
    lit = augmentation.relight(faces(), generator())
    assert 0 <= lit.min() <= lit.max() <= 255
    means = lit.mean(dim=(1, 2, 3))
    assert means.max() - means.min() > 40


def test_what_is_covered_is_at_most_the_stated_share() -> None:
    black = torch.zeros(300, 1, 48, 48)
    covered = augmentation.cover(black, generator())
    share = (covered > 0).float().mean(dim=(1, 2, 3))
    assert 0 < share.mean() < augmentation.MAX_COVERED
    assert share.max() < 1.1 * augmentation.MAX_COVERED


def test_shrinking_loses_detail_but_not_light() -> None:
    noise = torch.rand(400, 1, 48, 48, generator=generator()) * 255
    shrunk = augmentation.shrink_and_enlarge(noise, generator())
    assert (shrunk.std(dim=(1, 2, 3)) < noise.std(dim=(1, 2, 3))).all()
    assert torch.allclose(shrunk.mean(dim=(1, 2, 3)), noise.mean(dim=(1, 2, 3)), atol=6)


def test_blur_keeps_the_mean_and_flattens() -> None:
    noise = torch.rand(16, 1, 48, 48, generator=generator()) * 255
    blurred = augmentation.blur(noise, generator())
    assert torch.allclose(blurred.mean(dim=(1, 2, 3)), noise.mean(dim=(1, 2, 3)), atol=4)
    assert (blurred.std(dim=(1, 2, 3)) < noise.std(dim=(1, 2, 3))).all()
    flat = torch.full((2, 1, 48, 48), 77.0)
    assert torch.allclose(augmentation.blur(flat, generator()), flat, atol=1e-3)


def test_noise_has_the_stated_strength() -> None:
    grain = augmentation.add_noise(torch.full((200, 1, 48, 48), 128.0), generator()).std(dim=(1, 2, 3))
    assert grain.min() > 1.8
    assert grain.max() < 10.5


def test_compression_is_what_a_jpeg_coder_does(monkeypatch: pytest.MonkeyPatch) -> None:
    image_module = pytest.importorskip("PIL.Image")
    monkeypatch.setattr(
        augmentation, "_uniform", lambda count, low, high, made, like: torch.full((count,), 30.0, device=like.device)
    )
    original = (faces(1) + 20 * torch.randn(1, 1, 48, 48, generator=generator())).clamp(0, 255).round()
    ours = augmentation.compress(original, generator()).round()[0, 0].numpy()
    coded = io.BytesIO()
    image_module.fromarray(original[0, 0].numpy().astype(np.uint8)).save(coded, "JPEG", quality=30)
    theirs = np.asarray(image_module.open(coded), float)
    # The coder works in whole numbers, so single levels differ.
    assert np.abs(ours - theirs).mean() < 1.0
    assert np.abs(theirs - original[0, 0].numpy()).mean() > 3.0
