"""What a robot's camera does to a picture of a face: grey, dark, blurred, noisy, compressed, half hidden."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

ImageBgr = npt.NDArray[np.uint8]

# Each is drawn independently, so most pictures carry none or one of them.
GREY_PROBABILITY = 0.15
DARK_PROBABILITY = 0.15
BLUR_PROBABILITY = 0.12
NOISE_PROBABILITY = 0.10
JPEG_PROBABILITY = 0.15
OCCLUSION_PROBABILITY = 0.30


class CameraDegradation:
    """Degrade the picture of one training sample; boxes stay as they are.

    Called by ultralytics with a sample dictionary whose `img` is uint8 BGR, shape (H, W, 3), and whose
    `instances` hold the boxes. A hidden face stays a face: occlusion covers at most half of it.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._seed = seed
        self._rng: np.random.Generator | None = None

    def __call__(self, labels: dict[str, Any]) -> dict[str, Any]:
        if self._rng is None:
            # Made at the first call: each loader process then draws its own numbers.
            self._rng = np.random.default_rng(self._seed)
        rng = self._rng
        image = np.ascontiguousarray(labels["img"])
        if rng.random() < OCCLUSION_PROBABILITY:
            instances = labels["instances"]
            instances.convert_bbox("xyxy")
            instances.denormalize(*image.shape[:2][::-1])
            for box in instances.bboxes:
                if rng.random() < 0.5:
                    cover_part_of_face(image, box, rng)
        labels["img"] = degrade(image, rng)
        return labels


def degrade(picture: ImageBgr, rng: np.random.Generator) -> ImageBgr:
    """One random draw of grey, darkness, blur, noise and JPEG loss on a uint8 BGR picture (H, W, 3)."""
    image: cv2.typing.MatLike = picture
    if rng.random() < GREY_PROBABILITY:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if rng.random() < DARK_PROBABILITY:
        gain, gamma = rng.uniform(0.3, 0.9), rng.uniform(0.8, 1.8)
        table = (255 * gain * (np.arange(256) / 255) ** gamma).astype(np.uint8)
        image = cv2.LUT(image, table)
    if rng.random() < BLUR_PROBABILITY:
        if rng.random() < 0.5:
            image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 1.8)))
        else:
            length = int(rng.integers(3, 9))
            kernel: cv2.typing.MatLike = np.zeros((length, length), np.float32)
            cv2.line(kernel, (0, length // 2), (length - 1, length // 2), 1.0)
            turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), float(rng.uniform(0, 180)), 1.0)
            kernel = cv2.warpAffine(kernel, turn, (length, length))
            image = cv2.filter2D(image, -1, np.asarray(kernel / max(float(np.sum(kernel)), 1e-6), np.float32))
    if rng.random() < NOISE_PROBABILITY:
        noise = rng.normal(0, rng.uniform(3, 14), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < JPEG_PROBABILITY:
        _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])
        image = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))
    return np.asarray(image, np.uint8)


def cover_part_of_face(image: ImageBgr, box_xyxy: npt.NDArray[np.float32], rng: np.random.Generator) -> None:
    """Draw a hand-like or plain patch over up to half of one face, in place.

    The patch takes its colour from the face itself (a hand has the skin of its owner) or is any colour.
    """
    x0, y0, x1, y1 = (float(v) for v in box_xyxy)
    width, height = x1 - x0, y1 - y0
    if min(width, height) < 8:
        return
    cx, cy = int(x0 + width / 2), int(y0 + height / 2)
    inside = 0 <= cx < image.shape[1] and 0 <= cy < image.shape[0]
    colour = image[cy, cx].astype(float) + rng.normal(0, 12, 3) if inside and rng.random() < 0.6 else rng.uniform(0, 255, 3)
    paint = tuple(float(v) for v in np.clip(colour, 0, 255))
    side = int(rng.integers(4))
    reach = float(rng.uniform(0.2, 0.5))
    if side == 0:
        centre, axes = (x0 + width / 2, y1), (0.7 * width, reach * height)
    elif side == 1:
        centre, axes = (x0 + width / 2, y0), (0.7 * width, reach * height * 0.8)
    else:
        centre, axes = (x0 if side == 2 else x1, y0 + height * float(rng.uniform(0.3, 0.8))), (reach * width, 0.6 * height)
    cv2.ellipse(
        image,
        (int(centre[0]), int(centre[1])),
        (max(1, int(axes[0])), max(1, int(axes[1]))),
        float(rng.uniform(-30, 30)),
        0,
        360,
        paint,
        -1,
    )
