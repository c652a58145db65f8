from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest

from realtime_fer.errors import MissingExtraError, SourceFormatError
from realtime_fer.sources.demo_portraits import Oval, cut_out, load_portraits

from .fakes import FACE_CASCADE


def test_an_oval_is_full_inside_empty_outside_and_soft_between() -> None:
    portrait = cut_out(np.full((100, 120, 3), 200, np.uint8), Oval((60, 50), (40, 30)), 20.0)
    assert portrait.alpha.shape == (60, 80)
    assert portrait.image_bgr.shape == (60, 80, 3)
    assert portrait.alpha[30, 40] == 255
    assert portrait.alpha[0, 0] == 0
    row = portrait.alpha[30, :40].astype(int)
    assert (np.diff(row) >= 0).all()
    assert len(set(row.tolist())) > 4
    np.testing.assert_allclose(portrait.image_bgr[..., 0], portrait.alpha / 255 * 200, atol=1)


def test_an_oval_beyond_the_border_is_clipped() -> None:
    portrait = cut_out(np.zeros((50, 50, 3), np.uint8), Oval((10, 45), (20, 20)), 20.0)
    assert portrait.alpha.shape == (25, 30)
    assert portrait.alpha[20, 10] == 255


def test_both_portraits_show_one_human_face_of_the_width_said() -> None:
    pytest.importorskip("skimage")
    cascade = cv2.CascadeClassifier(FACE_CASCADE)
    for portrait in load_portraits():
        faces = cascade.detectMultiScale(cv2.cvtColor(portrait.image_bgr, cv2.COLOR_BGR2GRAY), 1.1, 5, minSize=(60, 60))
        assert len(faces) == 1
        assert faces[0][2] == pytest.approx(portrait.face_width, rel=0.3)


@pytest.mark.parametrize("package", ["skimage.data", "matplotlib"])
def test_missing_packages_say_how_to_install_them(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r'the demo source needs .* pip install "realtime-fer\[demo\]"'):
        load_portraits()


def test_packages_without_the_picture_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    cbook = pytest.importorskip("matplotlib.cbook")

    def absent(*_: object, **__: object) -> None:
        raise FileNotFoundError("grace_hopper.jpg")

    monkeypatch.setattr(cbook, "get_sample_data", absent)
    with pytest.raises(SourceFormatError, match=r"cannot be read: grace_hopper\.jpg"):
        load_portraits()
