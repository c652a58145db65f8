"""Training samples for FaceLite: mosaics of turned, scaled, recoloured, degraded and half-hidden faces.

Pictures are decoded once and kept small in memory. A sample is a function of seed, epoch and its number alone, so that
a resumed run, or one with more loader processes, sees the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError
from realtime_fer.training.camera_degradation import cover_part_of_face, degrade
from realtime_fer.training.detection.data import read_boxes

ImageBgr = npt.NDArray[np.uint8]
Boxes = npt.NDArray[np.float32]

KEPT_SIDE_PX = 640
"""Pictures are kept with this longer side: sharp at the largest scale, small enough for memory."""

MOSAIC_SIDES = (1, 2, 3)
MOSAIC_SHARES = (0.35, 0.4, 0.25)
"""How often a sample is one picture, 2 x 2, or 3 x 3. Many small pictures teach more a sample than one among grey."""

SCALES = (0.5, 2.0)
"""Of a picture, relative to filling its place (a third to all of the sample); drawn evenly in the logarithm."""

MAX_TILT_DEGREES = 15.0
STRETCH = 0.12
"""Ratio of the axes, as a logarithm, at most so much either way."""

OCCLUSION_PROBABILITY = 0.35
"""Of a picture; half of its faces are then covered in part."""

MIN_FACE_PX = 5.0
"""A face that comes out smaller is background: there is nothing left to recognise."""

MIN_VISIBLE_SHARE = 0.4
"""So does a face of which less than this remains inside the picture."""

PADDING_GREY = 114
"""What the live path puts around a frame."""


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A picture in memory; boxes in its pixels, float32 (N, 4)."""

    image: ImageBgr
    faces_xyxy: Boxes


def keep_pictures(paths: Sequence[Path], longest_px: int = KEPT_SIDE_PX) -> list[KeptPicture]:
    """Decode pictures whose labels lie in the `labels` folder beside their own; a path named twice is decoded once.

    Raises:
        DatasetError: a picture cannot be read.
    """
    known: dict[Path, KeptPicture] = {}
    for path in paths:
        if path in known:
            continue
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise DatasetError(f"{path}: expected a picture, found something OpenCV cannot read; remove or replace it")
        height, width = image.shape[:2]
        scale = min(1.0, longest_px / max(height, width))
        if scale < 1.0:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        labels = path.parent.parent / "labels" / f"{path.stem}.txt"
        boxes = read_boxes(labels, image.shape[1], image.shape[0])
        known[path] = KeptPicture(np.asarray(image, np.uint8), boxes.astype(np.float32))
    return [known[path] for path in paths]


class FaceLiteSamples:
    """One epoch of samples, to be read by number.

    Args:
        pictures: one entry for each sample of an epoch; repeat what shall be seen more often.
        side_px: of the square sample.
        seed, epoch: see the head of this file.
        mosaic: false in the last epochs, so that the network ends on whole pictures.
    """

    def __init__(
        self, pictures: Sequence[KeptPicture], *, side_px: int, seed: int = 0, epoch: int = 0, mosaic: bool = True
    ) -> None:
        self._pictures = pictures
        self._side_px = side_px
        self._seed = (seed, epoch)
        self._mosaic = mosaic
        self._order = np.random.default_rng(self._seed).permutation(len(pictures))

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, number: int) -> tuple[ImageBgr, Boxes]:
        """A picture, uint8 BGR (side, side, 3), and its faces, float32 xyxy pixels (N, 4)."""
        rng = np.random.default_rng((*self._seed, number))
        side = self._side_px
        canvas = np.full((side, side, 3), PADDING_GREY, np.uint8)
        cells = int(rng.choice(MOSAIC_SIDES, p=MOSAIC_SHARES)) if self._mosaic else 1
        columns, rows = _cuts(cells, side, rng), _cuts(cells, side, rng)
        placed = []
        for place in range(cells**2):
            row, column = divmod(place, cells)
            chosen = self._order[number] if place == 0 else int(rng.integers(len(self)))
            region = (columns[column], rows[row], columns[column + 1], rows[row + 1])
            placed.append(place_picture(canvas, self._pictures[chosen], region, rng))
        faces = np.concatenate(placed)
        if rng.random() < OCCLUSION_PROBABILITY:
            for box in faces:
                if rng.random() < 0.5:
                    cover_part_of_face(canvas, box, rng)
        return degrade(recolour(canvas, rng), rng), faces


def place_picture(
    canvas: ImageBgr, picture: KeptPicture, region_xyxy: tuple[int, int, int, int], rng: np.random.Generator
) -> Boxes:
    """Draw a picture, randomly scaled, tilted, mirrored and shifted, into a region of `canvas`; its faces there."""
    x0, y0, x1, y1 = region_xyxy
    width, height = x1 - x0, y1 - y0
    picture_height, picture_width = picture.image.shape[:2]
    zoom = float(np.exp(rng.uniform(*np.log(SCALES))))
    scale = zoom * max(width / picture_width, height / picture_height)
    stretch = float(np.exp(rng.uniform(-STRETCH, STRETCH) / 2))
    angle = float(np.deg2rad(rng.uniform(-MAX_TILT_DEGREES, MAX_TILT_DEGREES)))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.diag([mirror * scale * stretch, scale / stretch])
    # A large picture shows any of its parts; a small one lies anywhere in the region.
    spare = np.array([width - picture_width * scale, height - picture_height * scale])
    middle = np.array([width, height]) / 2 + rng.uniform(-0.5, 0.5, 2) * np.abs(spare)
    if zoom > 1 and len(picture.faces_xyxy) and rng.random() < 0.5:
        # Otherwise enlarged pictures would mostly show their walls.
        face = picture.faces_xyxy[int(rng.integers(len(picture.faces_xyxy)))]
        towards = np.array([picture_width, picture_height]) / 2 - (face[:2] + face[2:]) / 2
        middle = np.array([width, height]) * rng.uniform(0.2, 0.8, 2) + matrix @ towards
    shift = middle - matrix @ (np.array([picture_width, picture_height]) / 2)
    image, shrunk = _shrunk(picture.image, scale)
    canvas[y0:y1, x0:x1] = cv2.warpAffine(
        image,
        np.column_stack([matrix / shrunk, shift]),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(PADDING_GREY, PADDING_GREY, PADDING_GREY),
    )
    boxes = moved_boxes(picture.faces_xyxy, matrix, shift)
    return _kept_boxes(boxes, width, height) + np.array([x0, y0, x0, y0], np.float32)


def moved_boxes(boxes_xyxy: Boxes, matrix: npt.NDArray[np.float64], shift: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Boxes around ellipses after x -> matrix x + shift: a head is round, the corners of its box are not part of it."""
    centres = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    halves = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]) / 2
    new_centres = centres @ matrix.T + shift
    new_halves = np.sqrt((halves**2) @ (matrix**2).T)
    return np.concatenate([new_centres - new_halves, new_centres + new_halves], axis=1)


def recolour(image: ImageBgr, rng: np.random.Generator) -> ImageBgr:
    """Other light: gain and colour cast, contrast, saturation."""
    cast = np.exp(rng.normal(0, 0.08, 3) + rng.normal(0, 0.2))
    contrast, lift = float(np.exp(rng.normal(0, 0.15))), float(rng.normal(0, 8))
    levels = np.arange(256)[:, None]
    table = np.clip((levels - 128) * contrast * cast + 128 * cast + lift, 0, 255).astype(np.uint8)
    image = np.asarray(cv2.LUT(image, table[None]), np.uint8)
    if rng.random() < 0.5:
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        amount = float(rng.uniform(0.3, 1.6))
        image = np.asarray(cv2.addWeighted(image, amount, grey, 1 - amount, 0), np.uint8)
    return image


def _cuts(cells: int, side: int, rng: np.random.Generator) -> list[int]:
    """Where `cells` columns (or rows) of a mosaic begin and end, none narrower than half of an even share."""
    shares = rng.uniform(0.5, 1.5, cells)
    return [0, *(int(v) for v in np.cumsum(shares / shares.sum())[:-1] * side), side]


def _shrunk(image: ImageBgr, scale: float) -> tuple[ImageBgr, npt.NDArray[np.float64]]:
    """The picture at about `scale` of its size where that is below 1, and the exact ratio of its two axes."""
    if scale >= 1:
        return image, np.ones(2)
    # By area, as the live path does it: a warp alone would skip pixels and make another texture.
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), np.array(size) / (width, height)


def _kept_boxes(boxes_xyxy: npt.NDArray[np.float64], width: int, height: int) -> Boxes:
    limit = np.array([width, height, width, height], np.float64)
    clipped = np.clip(boxes_xyxy, 0, limit)
    sides = clipped[:, 2:] - clipped[:, :2]
    whole = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).prod(axis=1)
    seen = (sides.min(axis=1) >= MIN_FACE_PX) & (sides.prod(axis=1) >= MIN_VISIBLE_SHARE * whole)
    return np.asarray(clipped[seen], np.float32)
