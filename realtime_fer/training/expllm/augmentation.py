"""How ExpLLM's training changes a picture before the network sees it.

    flip; one of colour jitter and (rarely) grey; half the time a small turn and one of two crops; half the time a larger
    turn with shift and size, and blur; after normalising, half the time a rectangle is erased.

Source: emo_train_transforms in datasets/facetask.py of starhiking/ExpLLM-TMM; each step follows the torchvision transform it
names, with that one's defaults (black where nothing is, nearest pixel for turns).
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from realtime_fer.errors import missing_extra
from realtime_fer.networks.expllm.image_processor import MEAN_RGB, STD_RGB, ImageRgb
from realtime_fer.training.vlm.crop import random_crop

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("training ExpLLM", "vlm", error) from error

JITTER: Final = 0.25
HUE: Final = 0.1
GREY_SHARE: Final = 0.2
SMALL_TURN_DEG: Final = 5.0
CROP_SCALE: Final = (0.8, 1.0)
CROP_RATIO: Final = (0.75, 1.3333)
PADDING_PX: Final = 12
TURN_DEG: Final = 15.0
SHIFT: Final = 0.1
SIZE: Final = (0.9, 1.1)
BLUR_KERNEL: Final = (5, 9)
"""Width and height, pixels."""
BLUR_SIGMA: Final = (0.1, 2.0)
ERASED_SCALE: Final = (0.05, 0.12)
ERASED_RATIO: Final = (0.3, 3.3)
ERASE_TRIES: Final = 10

_GREY: Final = np.array([0.299, 0.587, 0.114], np.float32)
_HALF: Final = 0.5


def augmented(picture: ImageRgb, chance: np.random.Generator) -> ImageRgb:
    """A picture at the network's size, changed at random.

    Args:
        picture: uint8 (S, S, 3), RGB; see `image_processor.resized`.
        chance: decides everything.

    Returns:
        uint8 (S, S, 3).
    """
    if chance.random() < _HALF:
        picture = np.ascontiguousarray(picture[:, ::-1])
    if chance.random() < _HALF:
        picture = _jittered(picture, chance)
    elif chance.random() < GREY_SHARE:
        picture = np.repeat(_grey(picture)[..., None], 3, axis=2)
    if chance.random() < _HALF:
        picture = _moved(picture, chance.uniform(-SMALL_TURN_DEG, SMALL_TURN_DEG))
        picture = _resized_crop(picture, chance) if chance.random() < _HALF else _padded_crop(picture, chance)
    if chance.random() < _HALF:
        side = picture.shape[0]
        degrees = chance.uniform(-TURN_DEG, TURN_DEG)
        shift_x, shift_y = (round(value) for value in chance.uniform(-SHIFT * side, SHIFT * side, 2))
        picture = _moved(picture, degrees, chance.uniform(*SIZE), shift_x, shift_y)
        picture = np.asarray(cv2.GaussianBlur(picture, BLUR_KERNEL, chance.uniform(*BLUR_SIGMA)), np.uint8)
    return picture


def normalised(picture: ImageRgb) -> Tensor:
    """What the network takes of one picture: uint8 (S, S, 3) -> float32 (3, S, S)."""
    pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1).to(torch.float32) / 255
    return (pixels - torch.tensor(MEAN_RGB)[:, None, None]) / torch.tensor(STD_RGB)[:, None, None]


def erased(pixels: Tensor, chance: np.random.Generator) -> Tensor:
    """Half the time, with a rectangle set to the mean colour (0).

    Args:
        pixels: float32 (3, S, S), normalised; left as it is.

    Source: Zhong et al., "Random Erasing Data Augmentation", AAAI 2020.
    """
    if chance.random() >= _HALF:
        return pixels
    height, width = pixels.shape[1:]
    low, high_ratio = (math.log(value) for value in ERASED_RATIO)
    for _ in range(ERASE_TRIES):
        area = height * width * chance.uniform(*ERASED_SCALE)
        ratio = math.exp(chance.uniform(low, high_ratio))
        high, wide = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if high < height and wide < width:
            top, left = int(chance.integers(0, height - high + 1)), int(chance.integers(0, width - wide + 1))
            pixels = pixels.clone()
            pixels[:, top : top + high, left : left + wide] = 0
            break
    return pixels


def _grey(picture: ImageRgb) -> ImageRgb:
    return np.asarray((picture.astype(np.float32) @ _GREY).round(), np.uint8)


def _jittered(picture: ImageRgb, chance: np.random.Generator) -> ImageRgb:
    """Brightness, contrast, saturation and hue, in an order drawn anew."""
    brightness, contrast, saturation = chance.uniform(1 - JITTER, 1 + JITTER, 3)
    hue = chance.uniform(-HUE, HUE)
    for number in chance.permutation(4):
        if number == 0:
            picture = _blend(np.zeros((), np.float32), picture, brightness)
        elif number == 1:
            picture = _blend(_grey(picture).mean().round(), picture, contrast)
        elif number == 2:
            picture = _blend(_grey(picture)[..., None], picture, saturation)
        else:
            picture = _turned_hue(picture, hue)
    return picture


def _blend(base: object, picture: ImageRgb, factor: float) -> ImageRgb:
    mixed = (1 - factor) * np.asarray(base, np.float32) + factor * picture.astype(np.float32)
    return mixed.clip(0, 255).astype(np.uint8)


def _turned_hue(picture: ImageRgb, share: float) -> ImageRgb:
    """Hue turned by a share of the whole circle."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV_FULL)
    hsv[..., 0] += np.uint8(round(share * 255) % 256)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL), np.uint8)


def _moved(picture: ImageRgb, degrees: float, size: float = 1.0, shift_x: int = 0, shift_y: int = 0) -> ImageRgb:
    """Turned about the middle, scaled, and shifted."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, size)
    matrix[:, 2] += (shift_x, shift_y)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_NEAREST), np.uint8)


def _resized_crop(picture: ImageRgb, chance: np.random.Generator) -> ImageRgb:
    height, width = picture.shape[:2]
    crop = random_crop(chance, height, width, CROP_SCALE, CROP_RATIO)
    part = picture[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _padded_crop(picture: ImageRgb, chance: np.random.Generator) -> ImageRgb:
    """A window of the same size out of the picture with a black border."""
    height, width = picture.shape[:2]
    padded = np.pad(picture, ((PADDING_PX, PADDING_PX), (PADDING_PX, PADDING_PX), (0, 0)))
    top, left = chance.integers(0, 2 * PADDING_PX + 1, 2)
    return np.ascontiguousarray(padded[top : top + height, left : left + width])
