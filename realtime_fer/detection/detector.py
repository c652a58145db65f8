"""What every face detector promises."""

from __future__ import annotations

from typing import Protocol

from realtime_fer.types import FaceDetection, ImageBgr


class Detector(Protocol):
    """Finds the faces on one picture; used by one thread at a time.

    Attributes:
        name: which detector, for messages and logs.
        last_model_ms: milliseconds that the network (or cascade) alone took in the last call of `detect`,
            without what this package does before and after it; 0.0 before the first call.
    """

    name: str
    last_model_ms: float

    def detect(self, image_bgr: ImageBgr) -> list[FaceDetection]:
        """Faces in order of falling confidence, boxes clipped to the picture, none of them empty.

        Args:
            image_bgr: uint8, shape (H, W, 3), any size from 1 x 1; it is not changed.

        Raises:
            ShapeError: `image_bgr` is not such a picture.
        """
        ...
