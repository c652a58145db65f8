from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.datasets.labelled_faces import LabelledFace, LabelledSet, read_rgb
from realtime_fer.errors import DatasetError
from tests.datasets.miniatures import save_picture, save_video

LABELS = ("neutral", "anger")


def test_pictures_come_in_rgb_and_cut(tmp_path: Path) -> None:
    bgr = np.zeros((4, 6, 3), np.uint8)
    bgr[..., 2] = 200
    cv2.imwrite(str(tmp_path / "a.png"), bgr)
    face = LabelledFace(tmp_path / "a.png", 1, box_xywh=(1, 0, 2, 3))
    whole = LabelledSet("folders", LABELS, (face,))
    assert np.array_equal(whole.read(0), bgr[..., ::-1])
    cut = LabelledSet("folders", LABELS, (face,), cut=lambda image, of: image[: of.box_xywh[3]] if of.box_xywh else image)
    assert cut.read(0).shape == (3, 6, 3)


def test_array_files_and_videos(tmp_path: Path) -> None:
    pixels = np.arange(2 * 4, dtype=np.uint8).reshape(2, 2, 2)
    faces = tuple(LabelledFace(Path("x.npz"), label) for label in (0, 1))
    held = LabelledSet("ferplus", LABELS, faces, pixels=pixels)
    assert held.read(1).tolist() == np.repeat(pixels[1][..., None], 3, axis=2).tolist()
    video = save_video(tmp_path / "v.avi", 6)
    shown = LabelledSet("mmi", LABELS, (LabelledFace(video, 0, frame=4),)).read(0)
    assert shown.shape == (48, 64, 3)
    assert abs(shown.mean() - 80) < 2


def test_subsets_targets_and_affect() -> None:
    faces = tuple(LabelledFace(Path(f"{n}.png"), n % 2, valence=n / 4, arousal=-n / 4) for n in range(3))
    whole = LabelledSet("folders", LABELS, faces, pixels=np.arange(3, dtype=np.uint8).reshape(3, 1, 1))
    assert whole.targets().tolist() == [0, 1, 0]
    affect = whole.affect()
    assert affect is not None
    assert affect.tolist() == [[0, 0], [0.25, -0.25], [0.5, -0.5]]
    part = whole.subset(np.array([2, 0]))
    assert [face.picture.name for face in part.faces] == ["2.png", "0.png"]
    assert part.read(0).tolist() == [[[2, 2, 2]]]
    assert LabelledSet("folders", LABELS, (*faces, LabelledFace(Path("y"), 0, valence=0.5))).affect() is None


def test_what_does_not_fit_together() -> None:
    with pytest.raises(DatasetError, match=r"a\.png: expected a label of 0 to 1 \(neutral, anger\), found 2"):
        LabelledSet("folders", LABELS, (LabelledFace(Path("a.png"), 2),))
    with pytest.raises(DatasetError, match="1 labels but 2 pictures"):
        LabelledSet("ferplus", LABELS, (LabelledFace(Path("a"), 0),), pixels=np.zeros((2, 1, 1), np.uint8))


@pytest.mark.parametrize("content", [None, b"", b"hello"])
def test_what_is_no_picture_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(DatasetError, match=r"x\.jpg: expected a picture"):
        read_rgb(tmp_path / "x.jpg")


def test_grey_pictures_come_three_times(tmp_path: Path) -> None:
    assert read_rgb(save_picture(tmp_path / "a.tiff", 77)).tolist() == np.full((8, 8, 3), 77).tolist()
