from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

image = pytest.importorskip("PIL.Image", reason="needs the train extra")
ops = pytest.importorskip("PIL.ImageOps", reason="needs the train extra")

from realtime_fer.errors import DatasetError, ShapeError  # noqa: E402
from realtime_fer.training.fmpn.faces import load_faces  # noqa: E402
from realtime_fer.training.fmpn.pseudo_masks import equalised, make_masks, mask_of, read_masks, write_masks  # noqa: E402
from tests.training.fmpn.pictures import LABELS, write_folders  # noqa: E402

PUBLISHED = Path(os.environ.get("REALTIME_FER_DATA") or Path(__file__).parents[4] / "shared" / "data") / "fmpn"

MOUTH = slice(28, 32), slice(14, 26)
"""Where a happy mouth is and a neutral one is not."""
CHEEK = slice(2, 14), slice(2, 38)
"""Where nothing happens."""


@pytest.mark.parametrize("people", [True, False])
def test_masks_are_bright_where_a_class_moves_the_face(tmp_path: Path, people: bool) -> None:
    faces = load_faces(write_folders(tmp_path / "faces"), people_in_names=people)
    happy, neutral, surprise = make_masks(faces, "neutral", 40)
    assert happy.dtype == np.uint8
    assert (neutral == 0).all()
    for mask in (happy, surprise):
        assert mask[MOUTH].min() > 200 > mask[CHEEK].mean()
        assert (mask.min(), mask.max()) == (0, 255)
    assert surprise[21:27, 14:26].min() > 200 > happy[21:27, 14:26].mean()


def test_known_people_are_compared_with_themselves_and_others_left_out(tmp_path: Path) -> None:
    """One person without a neutral face looks different everywhere; it must not show."""
    root = write_folders(tmp_path / "faces")
    before = make_masks(load_faces(root, people_in_names=True), "neutral", 40)
    image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)).save(root / "happy" / "q_happy.png")
    assert (make_masks(load_faces(root, people_in_names=True), "neutral", 40) == before).all()
    assert not (make_masks(load_faces(root), "neutral", 40)[0] == before[0]).all()


def test_lighting_is_no_motion(tmp_path: Path) -> None:
    root = write_folders(tmp_path / "faces")
    before = make_masks(load_faces(root), "neutral", 40)
    for path in (root / "happy").iterdir():
        image.fromarray((np.asarray(image.open(path)) * 0.7 + 20).astype(np.uint8)).save(path)
    after = make_masks(load_faces(root), "neutral", 40)
    assert np.corrcoef(before[0][16:].ravel(), after[0][16:].ravel())[0, 1] > 0.9


def test_pictures_that_are_not_square_show_their_centre(tmp_path: Path) -> None:
    root = write_folders(tmp_path / "faces")
    before = make_masks(load_faces(root), "neutral", 40)
    for path in root.glob("*/*.png"):
        ops.expand(image.open(path), (10, 0, 10, 0), fill=(255, 0, 255)).save(path)
    assert (make_masks(load_faces(root), "neutral", 40) == before).all()


def test_a_class_without_faces_to_compare_is_named(tmp_path: Path) -> None:
    root = write_folders(tmp_path / "faces")
    faces = load_faces(root, people_in_names=True)
    with pytest.raises(DatasetError, match=r"expected neutral faces under the name 'calm', found the classes happiness"):
        make_masks(faces, "calm")
    with pytest.raises(DatasetError, match=r"found none of surprise$"):
        make_masks(load_faces(root).subset(np.arange(8)), "neutral")
    with pytest.raises(DatasetError, match=r"of people with a neutral face of every class, found none of surprise$"):
        make_masks(faces.subset(np.array([0, 1, 2, 4, 5, 6, 11])), "neutral")


def test_equalising_is_pillows_up_to_its_rounding() -> None:
    """Where the step is a whole number both are the same."""
    grey = np.random.default_rng(0).integers(0, 200, 255 * 20 + 100).astype(np.uint8)
    grey[:100] = 200
    grey = grey.reshape(52, 100)
    assert (equalised(grey) == np.asarray(ops.equalize(image.fromarray(grey)))).all()
    assert (equalised(np.full((5, 5), 7, np.uint8)) == 7).all()
    assert equalised(np.array([[3, 9]], np.uint8)).tolist() == [[0, 255]]
    with pytest.raises(ShapeError, match="float64"):
        equalised(np.zeros((2, 2)))  # type: ignore[arg-type]


@pytest.mark.shared_data
@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=f"no folder {PUBLISHED}; set REALTIME_FER_DATA")
def test_equalising_leaves_the_published_masks_as_they_are() -> None:
    """All 130 are equalised already, so doing it again changes nothing."""
    paths = sorted(PUBLISHED.glob("*/imgs_res/*/*.png"))
    assert len(paths) == 130
    for path in paths:
        mask = np.asarray(image.open(path))
        assert np.abs(equalised(mask).astype(int) - mask).max() <= 1, path


def test_the_sign_of_a_difference_does_not_matter_and_no_difference_is_black() -> None:
    difference = np.random.default_rng(0).normal(size=(9, 9))
    assert (mask_of(difference) == mask_of(-difference)).all()
    assert (mask_of(difference) == mask_of(7 * difference)).all()
    assert mask_of(difference).max() == 255
    assert (mask_of(np.zeros((4, 4))) == 0).all()


def test_masks_are_written_by_name_and_read_by_name_or_number(tmp_path: Path) -> None:
    masks = np.random.default_rng(0).integers(0, 256, (3, 5, 5), np.uint8)
    write_masks(tmp_path / "m", LABELS, masks)
    assert (read_masks(tmp_path / "m", LABELS) == masks).all()
    for index, label in enumerate(LABELS):
        (tmp_path / "m" / f"{label}.png").rename(tmp_path / "m" / f"{index}.png")
    assert (read_masks(tmp_path / "m", LABELS) == masks).all()
    image.new("L", (4, 4)).save(tmp_path / "m" / "1.png")
    with pytest.raises(DatasetError, match=r"1\.png: expected a mask of shape \(5, 5\)"):
        read_masks(tmp_path / "m", LABELS)
    (tmp_path / "m" / "1.png").write_text("x")
    with pytest.raises(DatasetError, match=r"1\.png: expected a picture of a mask"):
        read_masks(tmp_path / "m", LABELS)
    (tmp_path / "m" / "1.png").unlink()
    with pytest.raises(DatasetError, match=r"neutral\.png or 1\.png"):
        read_masks(tmp_path / "m", LABELS)
