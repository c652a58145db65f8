"""A picture file as the published code of Chain-of-Affect reads it: by Pillow, whatever its decoder makes of a JPEG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError, missing_extra


def read_picture(path: Path) -> npt.NDArray[np.uint8]:
    """Pixels, uint8 (H, W, 3), RGB.

    Raises:
        DatasetError: it is no picture.
        MissingExtraError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise missing_extra("reading pictures for Phi-3.5-vision", "vlm", error) from error
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"), np.uint8)
    except (OSError, ValueError, SyntaxError) as error:  # a broken PNG raises SyntaxError
        raise DatasetError(f"{path}: expected a picture, found a file that cannot be read as one ({error})") from error
