"""A face as a data URL."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from realtime_fer.reasoning.keyframes.keyframe import ImageRgb, require_image_rgb

ImageFormat = Literal["png", "jpeg"]


@dataclass(frozen=True, slots=True)
class PictureForm:
    """How faces are sent.

    Attributes:
        image_format: "png" loses nothing; "jpeg" is a fraction of its size.
        jpeg_quality: 1 to 100.
        image_side: larger pictures are scaled down until no side is longer, pixels; None sends them as they are.
    """

    image_format: ImageFormat = "png"
    jpeg_quality: int = 95
    image_side: int | None = 1024


def data_url(face_rgb: ImageRgb, form: PictureForm) -> str:
    """Encode a picture; the same picture always gives the same text, which a server's cache may rely on.

    Args:
        face_rgb: uint8 (H, W, 3).
        form: how.

    Raises:
        ShapeError: it is no such picture.
    """
    require_image_rgb(face_rgb, "face")
    image_bgr = cv2.cvtColor(face_rgb, cv2.COLOR_RGB2BGR)
    height, width = image_bgr.shape[:2]
    if form.image_side is not None and max(height, width) > form.image_side:
        scale = form.image_side / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image_bgr = cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA)
    flags = [cv2.IMWRITE_JPEG_QUALITY, form.jpeg_quality] if form.image_format == "jpeg" else []
    encoded: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] = cv2.imencode(f".{form.image_format}", image_bgr, flags)[1]
    return f"data:image/{form.image_format};base64,{base64.b64encode(encoded.tobytes()).decode('ascii')}"
