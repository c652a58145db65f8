"""OpenCV's Haar cascade for frontal faces: old, light, without a model file of its own. Only when asked for by name."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np

from realtime_fer.detection.faces_in_frame import DEFAULT_MAX_FACES, faces_in_frame
from realtime_fer.errors import ModelCorruptError, ModelNotFoundError
from realtime_fer.types import FaceDetection, FloatArray, ImageBgr, require_image_bgr

CASCADE_FILE = "haarcascade_frontalface_default.xml"

# Each step of the search shrinks the picture so much; finer finds more faces and takes longer.
SCALE_STEP = 1.1

# So many windows must agree before they count as one face.
MIN_NEIGHBOURS = 3

# The cascade was trained on windows of this side; it cannot see smaller faces.
WINDOW_PX = 24

# A cascade has no probability. The margin by which a window passes the last stage grows with certainty, though; a
# logistic curve through "is it a face?" on 316 windows of varied pictures gives the two numbers.
MARGIN_AT_EVEN_ODDS = 2.3
MARGIN_SLOPE = 0.5


class HaarDetector:
    """Finds upright faces that look into the camera.

    Args:
        long_side_px: larger frames are shrunk to this for the search, never enlarged.
        confidence_threshold: faces below it are not returned, in [0, 1].
        max_faces: at most so many, the surest.
        cascade: another cascade file than the one OpenCV carries.

    Raises:
        ModelNotFoundError: the file is missing, or this OpenCV has no cascades (5.0 dropped them).
        ModelCorruptError: the file is not a cascade.
    """

    def __init__(
        self,
        *,
        long_side_px: int = 480,
        confidence_threshold: float = 0.35,
        max_faces: int = DEFAULT_MAX_FACES,
        cascade: Path | None = None,
    ) -> None:
        self.name = "haar"
        self.last_model_ms = 0.0
        self._long_side_px = long_side_px
        self._confidence_threshold = confidence_threshold
        self._max_faces = max_faces
        if not hasattr(cv2, "CascadeClassifier"):
            raise ModelNotFoundError(f'haar: OpenCV {cv2.__version__} has no Haar cascades; try: pip install "opencv-python<5"')
        path = cascade or Path(cv2.__file__).parent / "data" / CASCADE_FILE
        self.cascade_path = path
        if not path.is_file():
            raise ModelNotFoundError(f"{path}: no such cascade file")
        try:
            self._cascade = cv2.CascadeClassifier(str(path))
        except (cv2.error, SystemError) as error:
            raise ModelCorruptError(f"{path}: OpenCV cannot read it as a cascade") from error
        if self._cascade.empty():
            raise ModelCorruptError(f"{path}: OpenCV cannot read it as a cascade")

    def detect(self, image_bgr: ImageBgr) -> list[FaceDetection]:
        """See `Detector.detect`."""
        require_image_bgr(image_bgr, self.name)
        height, width = image_bgr.shape[:2]
        grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
        scale = min(1.0, self._long_side_px / max(height, width))
        if scale < 1.0:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        start_ns = time.perf_counter_ns()
        rectangles, _, margins = self._cascade.detectMultiScale3(
            grey, SCALE_STEP, MIN_NEIGHBOURS, minSize=(WINDOW_PX, WINDOW_PX), outputRejectLevels=True
        )
        self.last_model_ms = (time.perf_counter_ns() - start_ns) / 1e6
        confidences = confidence_of_margin(np.asarray(margins, np.float32).reshape(-1))
        sure = confidences >= self._confidence_threshold
        corners = np.asarray(rectangles, np.float32).reshape(-1, 4)[sure]
        corners[:, 2:] += corners[:, :2]
        back = np.array((width / grey.shape[1], height / grey.shape[0]) * 2, np.float32)
        return faces_in_frame(
            corners * back, confidences[sure], None, frame_width=width, frame_height=height, max_faces=self._max_faces
        )


def confidence_of_margin(margins: FloatArray) -> FloatArray:
    """Share of windows with this margin that were faces, in [0, 1]; `margins` as `detectMultiScale3` gives them, (N,)."""
    log_odds = np.clip(MARGIN_SLOPE * (margins - MARGIN_AT_EVEN_ODDS), -50, 50)
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)), np.float32)
