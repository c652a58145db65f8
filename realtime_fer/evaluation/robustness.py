"""Named spoilings of grey faces, each of one known strength: what the live path does to them, one thing at a time.

The training augmentation mixes such things at random; here each is applied alone, so that a table can say what each
costs. All take and give uint8 (N, S, S) and draw nothing at random but what a fixed seed gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]
Change = Callable[[Images], Images]

SEED = 0


def each(change: Callable[[Images], npt.NDArray[np.generic]]) -> Change:
    """A change of one picture (S, S), made for a stack of them."""
    return lambda images: np.stack([np.clip(change(image), 0, 255).astype(np.uint8) for image in images])


def unchanged(images: Images) -> Images:
    """The same pictures."""
    return images


def small(side_px: int) -> Change:
    """Faces of `side_px` pixels: averaged down, then enlarged again as the live crop does."""

    def one(image: Images) -> npt.NDArray[np.generic]:
        shrunk = cv2.resize(image, (side_px, side_px), interpolation=cv2.INTER_AREA)
        return cv2.resize(shrunk, image.shape[::-1], interpolation=cv2.INTER_LINEAR)

    return each(one)


def blurred(sigma_px: float) -> Change:
    """Gaussian blur."""
    return each(lambda image: cv2.GaussianBlur(image, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE))


def dark(gain: float, noise: float) -> Change:
    """Less light, with the sensor's grain: gain times the picture, plus normal noise of `noise` grey levels."""

    def all_of_them(images: Images) -> Images:
        grain = np.random.default_rng(SEED).normal(0, noise, images.shape)
        return np.clip(np.rint(images * gain + grain), 0, 255).astype(np.uint8)

    return all_of_them


def jpeg(quality: int) -> Change:
    """Compressed at a quality of 0 to 100."""

    def one(image: Images) -> npt.NDArray[np.generic]:
        _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE))

    return each(one)


def moved(scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0), tilt_degrees: float = 0.0) -> Change:
    """Scaled about the centre, turned, then shifted by shares of the side; borders replicated."""

    def one(image: Images) -> npt.NDArray[np.generic]:
        side = image.shape[0]
        centre = (side / 2 - 0.5, side / 2 - 0.5)
        matrix = cv2.getRotationMatrix2D(centre, tilt_degrees, scale)
        matrix[:, 2] += np.array(shift) * side
        return np.asarray(cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))

    return each(one)


def covered(part: str) -> Change:
    """A third of the face hidden under its own mean grey: the `lower`, `upper` or `left` third."""

    def one(image: Images) -> npt.NDArray[np.generic]:
        third = image.shape[0] // 3
        where = {"lower": np.s_[-third:, :], "upper": np.s_[:third, :], "left": np.s_[:, :third]}[part]
        hidden = image.copy()
        hidden[where] = round(float(image.mean()))
        return hidden

    return each(one)


ROBUSTNESS_TABLE: Mapping[str, Change] = {
    "as they are": unchanged,
    "box 15 % too small (face 1.18x)": moved(scale=1.18),
    "box 10 % too large (face 0.91x)": moved(scale=0.91),
    "box 20 % too large (face 0.83x)": moved(scale=0.83),
    "box 8 % off, both ways": moved(shift=(0.08, 0.08)),
    "tilt 15 degrees": moved(tilt_degrees=15),
    "tilt 30 degrees": moved(tilt_degrees=30),
    "face of 32 px": small(32),
    "face of 20 px": small(20),
    "face of 16 px": small(16),
    "blur, sigma 1 px of 48": blurred(1.0),
    "blur, sigma 1.5 px of 48": blurred(1.5),
    "dark (gain 0.3, grain 4)": dark(0.3, 4),
    "very dark (gain 0.15, grain 4)": dark(0.15, 4),
    "JPEG quality 30": jpeg(30),
    "JPEG quality 15": jpeg(15),
    "left third hidden": covered("left"),
    "upper third hidden": covered("upper"),
    "lower third hidden (mask)": covered("lower"),
}
"""What CARD.md shows, in its order."""
