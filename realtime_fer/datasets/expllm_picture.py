"""A picture file as ExpLLM's published code reads it: by OpenCV, and as it is stored, however the camera was held."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError


def read_expllm_picture(path: Path) -> npt.NDArray[np.uint8]:
    """Pixels, uint8 (H, W, 3), RGB; orientation tags are not obeyed.

    Raises:
        DatasetError: it is missing or no picture.
    """
    stored = np.fromfile(path, np.uint8) if path.is_file() else np.zeros(0, np.uint8)
    image = cv2.imdecode(stored, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION) if stored.size else None
    if image is None:
        raise DatasetError(f"{path}: expected a picture, found {'a file that is none' if path.is_file() else 'no such file'}")
    return np.ascontiguousarray(image[..., ::-1], np.uint8)
