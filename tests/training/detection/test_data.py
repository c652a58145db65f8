from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.training.detection.data import letterboxed_batches, prepare_detection_set, read_boxes


def picture(path: Path, value: int, width: int = 200, height: int = 160) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), value, np.uint8))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two sources with one white 80 px "face" each, one picture to check on, two black ones without a face."""
    root = tmp_path / "source"
    for name in ("rf_1", "mk_1"):
        picture(root / "train" / "images" / f"{name}.png", 255)
        (root / "train" / "labels").mkdir(exist_ok=True)
        (root / "train" / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.4 0.5\n")
    picture(root / "val" / "images" / "rf_2.png", 255)
    (root / "val" / "labels").mkdir()
    for i in range(2):
        picture(root / "negatives" / f"os_{i}.png", 0, 320, 240)
    return root


def test_rare_sources_are_repeated_and_nothing_is_written_to_the_source(source: Path, tmp_path: Path) -> None:
    before = sorted(source.rglob("*"))
    prepared = prepare_detection_set(source, tmp_path / "work", composites=6, seed=0)
    listed = [Path(line).name for line in (tmp_path / "work" / "train.txt").read_text().split()]
    assert listed.count("rf_1.png") == 2
    assert listed.count("mk_1.png") == 1
    assert listed.count("os_0.png") == 1
    assert sum(name.startswith("cp_") for name in listed) == prepared.composites == 6
    assert prepared.training_pictures == len(listed) == 11
    assert sorted(source.rglob("*")) == before
    assert "val: val/images" in prepared.data_yaml.read_text()


def test_what_an_earlier_choice_left_is_not_learned_from(source: Path, tmp_path: Path) -> None:
    def names(**choice: object) -> set[str]:
        prepare_detection_set(source, tmp_path / "work", seed=0, **choice)  # type: ignore[arg-type]
        return {Path(line).name for line in (tmp_path / "work" / "train.txt").read_text().split()}

    assert {"mk_1.png", "os_0.png", "cp_00005.jpg"} < names(composites=6)
    assert names(composites=0, prefixes=["rf"]) == {"rf_1.png"}
    with pytest.raises(DatasetError, match="names begin with yy_, zz_, found none"):
        names(composites=0, prefixes=["zz", "yy"])


def test_composites_hold_a_bright_face_where_their_labels_say(source: Path, tmp_path: Path) -> None:
    prepare_detection_set(source, tmp_path / "work", composites=6, seed=0)
    faces = 0
    for path in sorted((tmp_path / "work" / "composites" / "images").iterdir()):
        image = cv2.imread(str(path))
        assert image is not None
        boxes = read_boxes(tmp_path / "work" / "composites" / "labels" / f"{path.stem}.txt", 320, 240)
        outside = np.ones(image.shape[:2], bool)
        for x0, y0, x1, y1 in boxes.round().astype(int):
            assert 0 <= x0 < x1 <= 320
            assert 0 <= y0 < y1 <= 240
            assert image[y0:y1, x0:x1].mean() > 200
            margin = max(x1 - x0, y1 - y0)
            outside[max(0, y0 - margin) : y1 + margin, max(0, x0 - margin) : x1 + margin] = False
            faces += 1
        assert image[outside].size == 0 or image[outside].mean() < 10
    assert faces >= 6


def test_the_same_seed_gives_the_same_composites(source: Path, tmp_path: Path) -> None:
    contents = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        prepare_detection_set(source, tmp_path / name, composites=2, seed=seed)
        contents.append((tmp_path / name / "composites" / "labels" / "cp_00000.txt").read_text())
    assert contents[0] == contents[1] != contents[2]


def test_a_limit_for_trials(source: Path, tmp_path: Path) -> None:
    assert prepare_detection_set(source, tmp_path / "work", composites=0, seed=0, limit=1).training_pictures <= 3


def test_boxes_in_pixels(tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_text("0 0.5 0.5 0.2 0.4\n\n0 0.1 0.1 0.2 0.2\n")
    np.testing.assert_allclose(read_boxes(tmp_path / "l.txt", 100, 50), [[40, 15, 60, 35], [0, 0, 20, 10]], atol=1e-4)
    assert read_boxes(tmp_path / "none.txt", 100, 50).shape == (0, 4)
    (tmp_path / "empty.txt").touch()
    assert read_boxes(tmp_path / "empty.txt", 100, 50).shape == (0, 4)


def test_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder train/images/"):
        prepare_detection_set(tmp_path, tmp_path / "work", composites=0, seed=0)


def test_a_broken_picture_is_named(source: Path, tmp_path: Path) -> None:
    (source / "train" / "images" / "rf_9.png").write_bytes(b"x")
    with pytest.raises(DatasetError, match=r"rf_9\.png: expected a picture"):
        prepare_detection_set(source, tmp_path / "work", composites=1, seed=0)


def test_only_the_wanted_sources_are_copied(source: Path, tmp_path: Path) -> None:
    picture(source / "negatives" / "bs_0.png", 0, 320, 240)
    prepare_detection_set(source, tmp_path / "work", composites=2, seed=0, prefixes=("rf", "os"))
    listed = {Path(line).name for line in (tmp_path / "work" / "train.txt").read_text().split()}
    assert listed == {"rf_1.png", "os_0.png", "os_1.png", "cp_00000.jpg", "cp_00001.jpg"}
    copied = {path.name for path in (tmp_path / "work" / "train").rglob("*.*")}
    assert copied == {"rf_1.png", "rf_1.txt"}


def test_sources_without_a_picture_are_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="images: expected pictures whose names begin with xx_, found none"):
        prepare_detection_set(source, tmp_path / "work", composites=0, seed=0, prefixes=("xx",))


def test_batches_are_letterboxed_rgb_between_0_and_1(tmp_path: Path) -> None:
    picture = np.zeros((40, 80, 3), np.uint8)
    picture[..., 0] = 255  # blue, as OpenCV orders colours
    paths = []
    for name in ("a.png", "b.png", "c.png"):
        cv2.imwrite(str(tmp_path / name), picture)
        paths.append(tmp_path / name)
    batches = list(letterboxed_batches(paths, side=64, batch=2))
    assert [batch.shape for batch in batches] == [(2, 3, 64, 64), (1, 3, 64, 64)]
    np.testing.assert_array_equal(batches[0][0, :, :32].transpose(1, 2, 0).reshape(-1, 3), [[0, 0, 1]] * 32 * 64)
    np.testing.assert_allclose(batches[0][0, :, 32:], 114 / 255, rtol=1e-6)
