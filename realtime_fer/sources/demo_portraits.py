"""The two faces of the demo: public-domain portraits that well-known packages carry, cut out with soft edges.

- Eileen Collins, astronaut; NASA, public domain; `skimage.data.astronaut()`.
- Grace Hopper, computer scientist and rear admiral; US Navy, public domain; matplotlib's sample `grace_hopper.jpg`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.errors import SourceFormatError, missing_extra
from realtime_fer.types import ImageBgr

FEATHER = 0.16
"""Width of the soft edge, as a part of the oval's radius."""

ROUNDNESS = 2.6
"""Exponent of the oval: 2 is an ellipse, more is nearer to a rectangle, which leaves the shoulders in."""


@dataclass(frozen=True, slots=True)
class Oval:
    """Where a portrait is cut: centre and radii, pixels of the original."""

    centre_xy: tuple[float, float]
    radii_xy: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A cut-out.

    Attributes:
        image_bgr: uint8, shape (H, W, 3), already multiplied by alpha.
        alpha: uint8, shape (H, W), 255 inside, falling to 0 at the edge.
        face_width: about how wide the face is in it, pixels.
    """

    image_bgr: ImageBgr
    alpha: npt.NDArray[np.uint8]
    face_width: float


COLLINS_OVAL = Oval(centre_xy=(222, 148), radii_xy=(118, 146))
COLLINS_FACE_WIDTH = 105.0
HOPPER_OVAL = Oval(centre_xy=(262, 262), radii_xy=(192, 250))
HOPPER_FACE_WIDTH = 190.0

HOPPER_SHRINK = COLLINS_FACE_WIDTH / HOPPER_FACE_WIDTH
"""The second face is made as large as the first, once and with area averaging; drawing it then never shrinks by much."""


def load_portraits() -> tuple[Portrait, Portrait]:
    """Eileen Collins and Grace Hopper, cut out, each with a face about 105 pixels wide.

    Raises:
        MissingExtraError: scikit-image or matplotlib is not installed.
        SourceFormatError: the installed packages do not carry the pictures any more.
    """
    try:
        import skimage.data
        from matplotlib import cbook
    except ImportError as error:
        raise missing_extra("the demo source", "demo", error) from error
    try:
        astronaut: Callable[[], npt.NDArray[np.uint8]] = skimage.data.astronaut
        collins = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)
        hopper = cv2.imread(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)), cv2.IMREAD_COLOR)
        if hopper is None:
            raise OSError("grace_hopper.jpg does not decode")
    except (OSError, AttributeError, cv2.error) as error:
        raise SourceFormatError(f"demo: the portraits of scikit-image and matplotlib cannot be read: {error}") from error
    return (
        cut_out(np.asarray(collins, dtype=np.uint8), COLLINS_OVAL, COLLINS_FACE_WIDTH),
        cut_out(_shrink(np.asarray(hopper, dtype=np.uint8), HOPPER_SHRINK), _scaled(HOPPER_OVAL), COLLINS_FACE_WIDTH),
    )


def _shrink(image: ImageBgr, factor: float) -> ImageBgr:
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _scaled(oval: Oval) -> Oval:
    x, y = oval.centre_xy
    rx, ry = oval.radii_xy
    return Oval((x * HOPPER_SHRINK, y * HOPPER_SHRINK), (rx * HOPPER_SHRINK, ry * HOPPER_SHRINK))


def cut_out(image_bgr: ImageBgr, oval: Oval, face_width: float) -> Portrait:
    """Cut a soft-edged oval out of a picture; the parts of the oval beyond its border are left out.

    Args:
        image_bgr: uint8, shape (H, W, 3).
        oval: in pixels of `image_bgr`.
        face_width: pixels.
    """
    height, width = image_bgr.shape[:2]
    (x, y), (rx, ry) = oval.centre_xy, oval.radii_xy
    left, right = max(0, round(x - rx)), min(width, round(x + rx))
    top, bottom = max(0, round(y - ry)), min(height, round(y + ry))
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
    radius = (np.abs((columns - x) / rx) ** ROUNDNESS + np.abs((rows - y) / ry) ** ROUNDNESS) ** (1 / ROUNDNESS)
    ramp = np.clip((1 - radius) / FEATHER, 0, 1)
    alpha = ramp * ramp * (3 - 2 * ramp)  # no visible edge at either end of the ramp
    cropped = image_bgr[top:bottom, left:right].astype(np.float32) * alpha[..., None]
    return Portrait(np.rint(cropped).astype(np.uint8), np.rint(alpha * 255).astype(np.uint8), face_width)
