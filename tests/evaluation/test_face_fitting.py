from __future__ import annotations

import cv2
import numpy as np
import pytest

from realtime_fer.evaluation.face_fitting import PUBLISHED_FMPN_MARGIN, fit_face
from realtime_fer.evaluation.ferplus_protocol import _resized


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("side", [47, 48, 227])
def test_a_picture_of_the_right_size_is_left_alone(side: int) -> None:
    assert (fit_face(noise(side, side), size_px=side, grey=False) == noise(side, side)).all()


@pytest.mark.parametrize("size_px", [32, 48, 96])
def test_grey_faces_are_those_of_the_other_protocol(size_px: int) -> None:
    grey = noise(48, 48)[:, :, 0]
    fitted = fit_face(np.repeat(grey[:, :, None], 3, axis=2), size_px=size_px, grey=True)
    assert (fitted == _resized(grey, size_px)).all()


def test_colour_goes_where_it_belongs() -> None:
    red = np.zeros((20, 20, 3), np.uint8)
    red[:, :, 0] = 200
    assert fit_face(red, size_px=8, grey=False)[4, 4].tolist() == [200, 0, 0]
    assert fit_face(red, size_px=8, grey=True)[4, 4] == round(0.299 * 200)


def test_other_shapes_keep_their_proportions() -> None:
    """A wide picture's first and last lines are repeated above and below it."""
    wide = noise(10, 20)
    fitted = fit_face(wide, size_px=20, grey=False)
    assert (fitted[5:15] == wide).all()
    assert (fitted[:5] == wide[0]).all()
    assert (fitted[15:] == wide[-1]).all()
    assert (fit_face(wide.transpose(1, 0, 2), size_px=20, grey=False) == fitted.transpose(1, 0, 2)).all()


def test_a_negative_margin_cuts_the_middle() -> None:
    """As FMPN is tested: 299 pixels in the middle of 320."""
    picture = noise(320, 320)
    assert (fit_face(picture, size_px=299, grey=False, margin=PUBLISHED_FMPN_MARGIN) == picture[10:309, 10:309]).all()
    smaller = cv2.resize(picture[80:240, 80:240], (64, 64), interpolation=cv2.INTER_AREA)
    assert (fit_face(picture, size_px=64, grey=False, margin=-0.25) == smaller).all()


@pytest.mark.parametrize("shape", [(70, 90), (490, 480), (48, 48), (320, 320), (97, 61)])
def test_pillow_s_resize_is_what_fmpn_was_tested_with(shape: tuple[int, int]) -> None:
    """Against the loader that is checked on recordings of the published one."""
    pillow = pytest.importorskip("PIL.Image", reason="needs the train extra")
    from realtime_fer.training.fmpn.transform import View, shown

    picture = noise(*shape)
    for size_px in (299, 75):
        expected = shown(pillow.fromarray(picture), View(), size_px).transpose(1, 2, 0) * 255
        fitted = fit_face(picture, size_px=size_px, grey=False, margin=PUBLISHED_FMPN_MARGIN, resize="pillow")
        assert (fitted == np.rint(expected)).all()


def test_pillow_s_resize_is_what_emotion_gcn_was_tested_with() -> None:
    from realtime_fer.networks.emotion_gcn.preprocessing import resize_shorter_side

    picture = noise(181, 181)
    fitted = fit_face(picture, size_px=227, grey=False, resize="pillow")
    assert (fitted == resize_shorter_side(picture, 227)).all()
    grey = fit_face(picture, size_px=227, grey=True, resize="pillow")
    assert (grey == cv2.cvtColor(fitted, cv2.COLOR_RGB2GRAY)).all()


def test_a_positive_margin_repeats_the_border() -> None:
    picture = noise(20, 20)
    fitted = fit_face(picture, size_px=30, grey=False, margin=0.25)
    assert (fitted[5:25, 5:25] == picture).all()
    assert (fitted[:6, :6] == picture[0, 0]).all()
