"""What one thing at a time costs a detector: labelled pictures, spoiled by a known strength, boxes taken along.

Nothing is drawn at random but what the picture's name fixes, so every run spoils alike.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.detection.letterbox import PADDING_GREY
from realtime_fer.evaluation.detection.average_precision import Detect, DetectionScores, score_detections
from realtime_fer.evaluation.detection.pictures import LabelledPicture, read_pictures
from realtime_fer.types import FaceDetection, FloatArray, ImageBgr

Spoiling = Callable[[ImageBgr, LabelledPicture], tuple[ImageBgr, LabelledPicture]]
"""From a picture and what is on it to another picture and what is on that; neither input is changed."""


def score_spoiled(
    detectors: Mapping[str, Detect],
    folder: Path,
    *,
    confidence_threshold: float,
    spoilings: Mapping[str, Spoiling] | None = None,
) -> dict[str, dict[str, DetectionScores]]:
    """Run detectors over a folder in YOLO layout, spoiled in every way of a table.

    Args:
        detectors: each detector's `detect`, by a name of the caller's.
        folder: see `average_precision.evaluate_detector`.
        confidence_threshold: operating point.
        spoilings: by name; default `DETECTION_ROBUSTNESS_TABLE`.

    Returns:
        By name of the spoiling, then of the detector.

    Raises:
        DatasetError: the folder cannot be used.
    """
    table = DETECTION_ROBUSTNESS_TABLE if spoilings is None else spoilings
    pictures: dict[str, list[LabelledPicture]] = {spoiling: [] for spoiling in table}
    found: dict[tuple[str, str], list[Sequence[FaceDetection]]] = {(s, d): [] for s in table for d in detectors}
    # Every picture is read once and none is kept.
    for picture, image in read_pictures(folder):
        for spoiling, spoil in table.items():
            spoiled, there = spoil(image, picture)
            pictures[spoiling].append(there)
            for detector, detect in detectors.items():
                found[spoiling, detector].append(detect(spoiled))
    return {
        spoiling: {
            detector: score_detections(pictures[spoiling], found[spoiling, detector], confidence_threshold=confidence_threshold)
            for detector in detectors
        }
        for spoiling in table
    }


def in_place(change: Callable[[ImageBgr], npt.NDArray[np.generic]]) -> Spoiling:
    """A change of the pixels that moves nothing."""
    return lambda image, picture: (np.clip(change(image), 0, 255).astype(np.uint8), picture)


def unchanged(image: ImageBgr, picture: LabelledPicture) -> tuple[ImageBgr, LabelledPicture]:
    """The same picture."""
    return image, picture


def dark(gain: float, grain: float) -> Spoiling:
    """Less light, with the sensor's grain: gain times the picture, plus normal noise of `grain` grey levels."""

    def spoil(image: ImageBgr, picture: LabelledPicture) -> tuple[ImageBgr, LabelledPicture]:
        noise = _noise(picture).normal(0, grain, image.shape)
        return np.clip(np.rint(image * gain + noise), 0, 255).astype(np.uint8), picture

    return spoil


def blurred(sigma_px: float) -> Spoiling:
    """Gaussian blur."""
    return in_place(lambda image: cv2.GaussianBlur(image, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE))


def moving(length_px: int) -> Spoiling:
    """The camera turned sideways while the shutter was open: an even blur along the rows."""
    kernel = np.full((1, length_px), 1 / length_px, np.float32)
    return in_place(lambda image: cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE))


def jpeg(quality: int) -> Spoiling:
    """Compressed at a quality of 0 to 100."""

    def change(image: ImageBgr) -> npt.NDArray[np.generic]:
        _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))

    return in_place(change)


def grey(image: ImageBgr, picture: LabelledPicture) -> tuple[ImageBgr, LabelledPicture]:
    """Without colour."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8), picture


def shrunk(factor: float) -> Spoiling:
    """The picture at a fraction of its size. Faces that become too small to count count neither way, as on any picture."""

    def spoil(image: ImageBgr, picture: LabelledPicture) -> tuple[ImageBgr, LabelledPicture]:
        height, width = image.shape[:2]
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        scale = np.array((size[0] / width, size[1] / height) * 2, np.float32)
        smaller = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        return smaller, LabelledPicture(picture.name, picture.faces_xyxy * scale, picture.ignored_xyxy * scale)

    return spoil


def tilted(degrees: float) -> Spoiling:
    """The camera turned about its axis by an angle, counter-clockwise; corners without picture are grey.

    A face's new box is that around the turned ellipse that filled the old one: the box around a turned box would be too
    large. A face that is no longer wholly inside counts neither way.
    """

    def spoil(image: ImageBgr, picture: LabelledPicture) -> tuple[ImageBgr, LabelledPicture]:
        height, width = image.shape[:2]
        turn = np.asarray(cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), degrees, 1.0), np.float64)
        border = (PADDING_GREY,) * 3
        turned = cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=border)
        # The matrix moves centres of pixels; boxes are given by the corners of pixels, half a pixel away.
        turn[:, 2] += 0.5 - turn[:, :2] @ np.array((0.5, 0.5))
        faces, ignored = _turned_boxes(picture.faces_xyxy, turn), _turned_boxes(picture.ignored_xyxy, turn)
        edge = np.array((width, height) * 2, np.float32)
        inside = ((faces[:, :2] >= 0) & (faces[:, 2:] <= edge[2:])).all(axis=1)
        cut = np.clip(np.concatenate((faces[~inside], ignored)), 0, edge)
        # What has left the picture is nowhere to be ignored.
        cut = cut[(cut[:, 2:] > cut[:, :2]).all(axis=1)]
        return np.asarray(turned, np.uint8), LabelledPicture(picture.name, faces[inside], cut)

    return spoil


def lower_half_covered(image: ImageBgr, picture: LabelledPicture) -> tuple[ImageBgr, LabelledPicture]:
    """The lower half of every labelled face hidden under the face's own mean colour, as by a mask, a scarf or a hand."""
    hidden = image.copy()
    height, width = image.shape[:2]
    for x0, y0, x1, y1 in np.rint(picture.faces_xyxy).astype(int):
        left, right = max(0, x0), min(width, x1)
        top, middle, bottom = max(0, y0), max(0, (y0 + y1) // 2), min(height, y1)
        if left < right and top < bottom:
            # The colour is taken from the clean picture: where faces overlap, the order must not matter for it.
            hidden[middle:bottom, left:right] = np.rint(image[top:bottom, left:right].mean(axis=(0, 1)))
    return hidden, picture


DETECTION_ROBUSTNESS_TABLE: Mapping[str, Spoiling] = {
    "as they are": unchanged,
    "grey": grey,
    "dark (gain 0.3, grain 4)": dark(0.3, 4),
    "very dark (gain 0.15, grain 4)": dark(0.15, 4),
    "noise (grain 20)": dark(1.0, 20),
    "blur, sigma 2 px": blurred(2),
    "blur, sigma 4 px": blurred(4),
    "motion blur, 9 px": moving(9),
    "motion blur, 21 px": moving(21),
    "JPEG quality 30": jpeg(30),
    "JPEG quality 15": jpeg(15),
    "tilt 15 degrees": tilted(15),
    "tilt 30 degrees": tilted(30),
    "half size": shrunk(0.5),
    "quarter size": shrunk(0.25),
    "lower half of each face covered": lower_half_covered,
}
"""What CARD.md shows, in its order; strengths are pixels of the picture as it lies in the folder."""


def _turned_boxes(boxes_xyxy: FloatArray, turn: npt.NDArray[np.float64]) -> FloatArray:
    """Boxes around turned ellipses; `turn` is (2, 3) and turns about some point without scaling."""
    centres = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2 @ turn[:, :2].T + turn[:, 2]
    half = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]) / 2
    # Of an ellipse with half axes a and b, turned: sqrt((a cos)^2 + (b sin)^2) to the sides, likewise up and down.
    reach = np.sqrt(half**2 @ (turn[:, :2] ** 2).T)
    return np.concatenate((centres - reach, centres + reach), axis=1).astype(np.float32)


def _noise(picture: LabelledPicture) -> np.random.Generator:
    """The same numbers for the same picture, whatever came before it."""
    return np.random.default_rng(zlib.crc32(picture.name.encode()))
