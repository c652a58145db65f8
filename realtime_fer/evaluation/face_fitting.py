"""From a data set's picture of a face to a classifier's input, where no detector's box is known."""

from __future__ import annotations

from typing import Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.expression.face_crop import FaceCrop
from realtime_fer.networks.emotion_gcn.preprocessing import resize_shorter_side

Resize = Literal["service", "pillow"]
"""How the live path does it, or how Emotion-GCN and FMPN were tested by their authors."""

PUBLISHED_FMPN_MARGIN: Final = (299 / 320 - 1) / 2
"""FMPN is tested on the 299 pixels in the middle of 320 (Chen et al., VCIP 2019, their code)."""


def fit_face(
    image_rgb: npt.NDArray[np.uint8], *, size_px: int, grey: bool, margin: float = 0.0, resize: Resize = "service"
) -> FaceCrop:
    """The picture as a square of `size_px`.

    A picture that has the right size already is not touched. One that is not square is made so by repeating its border, so
    that the face keeps its proportions; with "pillow", by cutting off what the longer side has more.

    Args:
        image_rgb: uint8 (H, W, 3).
        grey: True gives (size_px, size_px), False RGB of (size_px, size_px, 3).
        margin: added on each side, as a share of the longer side ("pillow": of the shorter one); a negative one cuts off.
        resize: "pillow" gives the bytes of Pillow's bilinear resize of the shorter side, to what the margin makes `size_px`.
    """
    if resize == "pillow":
        shorter = max(1, round(size_px / (1 + 2 * margin)))
        middle = _square(resize_shorter_side(image_rgb, shorter), size_px)
        return np.asarray(cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY) if grey else middle, np.uint8)
    image: cv2.typing.MatLike = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY) if grey else image_rgb
    height, width = image.shape[:2]
    side = max(1, round(max(height, width) * (1 + 2 * margin)))
    image = _square(image, side)
    if side == size_px:
        return np.asarray(image, np.uint8)
    # As the live path does it, see `expression.face_crop`.
    interpolation = cv2.INTER_AREA if side > size_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (size_px, size_px), interpolation=interpolation), np.uint8)


def _square(image: cv2.typing.MatLike, side: int) -> cv2.typing.MatLike:
    """The square of `side` pixels with the picture's centre, missing border repeated."""
    height, width = image.shape[:2]
    top, left = round((height - side) / 2), round((width - side) / 2)
    inside = image[max(top, 0) : max(top, 0) + side, max(left, 0) : max(left, 0) + side]
    above, before = max(-top, 0), max(-left, 0)
    below, behind = side - above - inside.shape[0], side - before - inside.shape[1]
    if not any((above, below, before, behind)):
        return inside
    return cv2.copyMakeBorder(inside, above, below, before, behind, cv2.BORDER_REPLICATE)
