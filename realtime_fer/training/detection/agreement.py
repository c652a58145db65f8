"""Does an exported detector answer as the torch network it was made from?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime_fer.errors import ModelError, ModelNotFoundError, missing_extra
from realtime_fer.inference.session import open_session
from realtime_fer.types import FloatArray

try:
    import torch
except ImportError as error:  # pragma: no cover - depends on the installation
    raise missing_extra("exporting a detector", "train", error) from error

# (batch, height, width) of the comparison: 16:9, 4:3, upright, square, larger than in training, a batch, the smallest.
COMPARED_SHAPES = ((1, 192, 320), (1, 256, 320), (1, 320, 256), (1, 320, 320), (1, 480, 640), (3, 96, 160), (1, 32, 32))

# Both sum the same float32 products in another order; boxes are pixels up to some hundreds, confidences at most 1.
BOX_TOLERANCE_PX = 0.02
CONFIDENCE_TOLERANCE = 1e-4


def compare_with_torch(model: Any, onnx_file: Path, pictures: Sequence[Path] = ()) -> tuple[float, float]:
    """Largest difference of boxes (pixels) and of confidences between a torch model and its export.

    Args:
        model: torch module in export form: (batch, 3, height, width) to (batch, 5, anchors).
        pictures: files that are shown to both at every rectangular shape, besides random noise.

    Raises:
        ModelNotFoundError: a picture cannot be read.
        ModelError: a difference is above its tolerance, or an output is not a number.
    """
    session = open_session(onnx_file)
    rng = np.random.default_rng(0)
    worst_px, worst_confidence = 0.0, 0.0
    for batch, height, width in COMPARED_SHAPES:
        inputs = [rng.random((batch, 3, height, width), dtype=np.float32)]
        inputs += [np.repeat(_read_picture(path, height, width), batch, axis=0) for path in pictures]
        for images in inputs:
            with torch.inference_mode():
                expected: FloatArray = model(torch.from_numpy(images)).numpy()
            (found,) = session.run(None, {"images": images})
            if found.shape != expected.shape:
                raise ModelError(f"{onnx_file.name}: torch gives {expected.shape} for {images.shape}, the export {found.shape}")
            difference = np.abs(found - expected)
            worst_px = max(worst_px, float(difference[:, :4].max()))
            worst_confidence = max(worst_confidence, float(difference[:, 4].max()))
            # Written so that a not-a-number fails too.
            if not (
                worst_px <= BOX_TOLERANCE_PX and worst_confidence <= CONFIDENCE_TOLERANCE and np.isfinite(difference).all()
            ):
                raise ModelError(
                    f"{onnx_file.name}: on an input of shape {images.shape} the export differs from torch by {worst_px:.3g} px "
                    f"(at most {BOX_TOLERANCE_PX}) and {worst_confidence:.3g} in confidence (at most {CONFIDENCE_TOLERANCE})"
                )
    return worst_px, worst_confidence


def _read_picture(path: Path, height: int, width: int) -> FloatArray:
    """float32 RGB in [0, 1], shape (1, 3, height, width); stretched, since only agreement is wanted."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise ModelNotFoundError(f"{path}: not a readable picture")
    resized = cv2.resize(picture, (width, height))
    return np.ascontiguousarray(resized[..., ::-1].transpose(2, 0, 1)[None], np.float32) / np.float32(255)
