"""What the mask generator learns to draw: one picture for each class, bright where that expression moves the face.

Section 3.1 of arXiv 1902.08788: the mean difference between expressive and neutral faces of the training people. The masks
that the authors published are histogram-equalised besides, which makes them crisp. Where nobody knows who is who, the
means of all people are compared instead, which is our own way and gives softer masks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError, ShapeError, missing_extra
from realtime_fer.training.fmpn.faces import LabelledFaces

try:
    from PIL import Image
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error

MASK_SIZE_PX = 70
"""Of the published masks of CK+."""

MaskPictures = npt.NDArray[np.uint8]
"""uint8 (C, H, W), one mask a class."""

FloatPicture = npt.NDArray[np.float64]


def make_masks(faces: LabelledFaces, neutral: str, size_px: int = MASK_SIZE_PX) -> MaskPictures:
    """Masks of every class, from its faces and the neutral ones, all as grey squares of `size_px`.

    Where people are known: the mean over all faces of |face - mean neutral face of its person|; people without a neutral
    face have no part. Where they are not: |mean face - mean neutral face|, each face brought to mean 0 and deviation 1 first,
    since lighting, which pairs share, would outweigh all motion. Then `mask_of`. The neutral class moves nothing: its
    mask is black.

    Raises:
        DatasetError: `neutral` is no class, or a class has no face to compare.
    """
    if neutral not in faces.labels:
        raise DatasetError(
            f"pseudo masks: expected neutral faces under the name {neutral!r}, found the classes {', '.join(faces.labels)}; "
            "name the neutral class, or give ready masks"
        )
    still = faces.labels.index(neutral)
    moved = _of_everybody(faces, still, size_px) if faces.people is None else _of_each_person(faces, still, size_px)
    empty = [label for index, label in enumerate(faces.labels) if index not in moved]
    if empty:
        who = "" if faces.people is None else " of people with a neutral face"
        raise DatasetError(f"pseudo masks: expected faces{who} of every class, found none of {', '.join(empty)}")
    masks = [mask_of(moved[index]) for index in range(len(faces.labels))]
    masks[still] = np.zeros((size_px, size_px), np.uint8)
    return np.stack(masks)


def mask_of(difference: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.uint8]:
    """A mask uint8 (H, W) of a mean difference (H, W): its size, stretched to 0..255 and equalised."""
    moved = np.abs(difference)
    largest = moved.max()
    levels = np.zeros(moved.shape) if largest == 0 else moved * (255 / largest)
    return equalised(np.round(levels).astype(np.uint8))


def equalised(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Histogram equalisation: each level becomes round(pixels below it / step), step = (pixels - the brightest ones) / 255.

    So the darkest level there is becomes 0 and the brightest 255. Pillow's `ImageOps.equalize` is the same with a whole
    number as step.

    Raises:
        ShapeError: `levels` is not uint8.
    """
    if levels.dtype != np.uint8:
        raise ShapeError(f"equalising: expected uint8 levels, found {levels.dtype}")
    histogram = np.bincount(levels.ravel(), minlength=256)
    step = (levels.size - histogram[levels.max()]) / 255
    if step == 0:
        return levels.copy()
    below = np.cumsum(histogram) - histogram
    table = np.minimum(np.floor(below / step + 0.5), 255).astype(np.uint8)
    return table[levels]


def read_masks(folder: Path, labels: tuple[str, ...]) -> MaskPictures:
    """Ready masks: `<label>.png` for each class, or `<0, 1, ...>.png` in the order of `labels` as the authors publish them.

    Raises:
        DatasetError: a file is missing or no picture, or they are of different sizes.
    """
    masks = []
    for index, label in enumerate(labels):
        path = next((path for path in (folder / f"{label}.png", folder / f"{index}.png") if path.is_file()), None)
        if path is None:
            raise DatasetError(f"{folder}: expected {label}.png or {index}.png, the mask of a class, found neither")
        try:
            with Image.open(path) as file:
                masks.append(np.asarray(file.convert("L")))
        except (OSError, ValueError, SyntaxError) as error:
            raise DatasetError(f"{path}: expected a picture of a mask, found a file Pillow cannot read ({error})") from error
        if masks[-1].shape != masks[0].shape:
            raise DatasetError(f"{path}: expected a mask of shape {masks[0].shape} like the others, found {masks[-1].shape}")
    return np.stack(masks)


def write_masks(folder: Path, labels: tuple[str, ...], masks: MaskPictures) -> None:
    """`<label>.png` for each class."""
    folder.mkdir(parents=True, exist_ok=True)
    for label, mask in zip(labels, masks, strict=True):
        Image.fromarray(mask).save(folder / f"{label}.png")


def _of_everybody(faces: LabelledFaces, still: int, size_px: int) -> dict[int, FloatPicture]:
    sums: dict[int, FloatPicture] = {}
    for row, index in enumerate(faces.classes.tolist()):
        face = grey_square(faces.picture(row), size_px)
        deviation = face.std()
        standard = (face - face.mean()) / (deviation if deviation > 0 else 1)
        sums[index] = sums.get(index, 0) + standard
    if still not in sums:
        return {}
    means = {index: total / np.count_nonzero(faces.classes == index) for index, total in sums.items()}
    return {index: np.abs(mean - means[still]) for index, mean in means.items()}


def _of_each_person(faces: LabelledFaces, still: int, size_px: int) -> dict[int, FloatPicture]:
    people = faces.people or ()
    neutral_faces: dict[str, list[FloatPicture]] = {}
    for row in np.flatnonzero(faces.classes == still).tolist():
        neutral_faces.setdefault(people[row], []).append(grey_square(faces.picture(row), size_px))
    neutral = {person: np.mean(pictures, axis=0) for person, pictures in neutral_faces.items()}
    moved: dict[int, list[Any]] = {}
    for row, index in enumerate(faces.classes.tolist()):
        if people[row] in neutral:
            total = moved.setdefault(index, [np.zeros((size_px, size_px)), 0])
            total[0] += np.abs(grey_square(faces.picture(row), size_px) - neutral[people[row]])
            total[1] += 1
    return {index: total / count for index, (total, count) in moved.items()}


def grey_square(picture: Any, size_px: int) -> FloatPicture:
    """The centre of a Pillow picture as grey levels, float64 (S, S), 0..255."""
    grey = _square(picture.convert("L"))
    return np.asarray(grey.resize((size_px, size_px), Image.Resampling.BILINEAR), np.float64)


def _square(picture: Any) -> Any:
    """The centre of a picture that is not square."""
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return picture if width == height else picture.crop((left, top, left + side, top + side))
