"""Single frames of a video file, for sets that label videos."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError

ImageRgb = npt.NDArray[np.uint8]
"""uint8 (H, W, 3), red first."""


def count_frames(path: Path) -> int:
    """How many frames the file says it has.

    Raises:
        DatasetError: it is no video, or says it has none.
    """
    with _opened(path) as video:
        count = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    if count < 1:
        raise DatasetError(f"{path}: expected a video, found {count} frames; copy it again")
    return count


def read_video_frame(path: Path, frame: int) -> ImageRgb:
    """One frame, from 0: uint8 (H, W, 3), RGB.

    Frames before it are decoded too: asking a file for a position lands on different frames with different codecs.

    Raises:
        DatasetError: it is no video, or ends before that frame.
    """
    with _opened(path) as video:
        for _ in range(frame):
            video.grab()
        read, image_bgr = video.read()
    if not read:
        raise DatasetError(f"{path}: expected a frame {frame}, but the video ends before it; copy it again")
    return np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), np.uint8)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise DatasetError(f"{path}: expected a video, found no such file")
    video = cv2.VideoCapture(str(path))
    try:
        if not video.isOpened():
            raise DatasetError(f"{path}: expected a video, found a file that OpenCV cannot read as one; copy it again")
        yield video
    finally:
        video.release()
