"""The five landmarks of CK+'s frames that FMPN-FER is published with: `bbox_landmark_mtcnn.pkl`.

{"<folder>/S005_001_00000001.png": [boxes (n, 5): x1, y1, x2, y2, score; points (n, 10): five x, then five y]}
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from realtime_fer.datasets.array_pickle import load_array_pickle
from realtime_fer.datasets.five_point_crop import Points
from realtime_fer.errors import DatasetError


def read_mtcnn_landmarks(path: Path) -> dict[str, Points]:
    """File name of a frame -> its five points; of several faces found, those of the surest.

    Raises:
        DatasetError: it is no such pickle, or an entry is of another form; it is named.
    """
    content = load_array_pickle(path, "MTCNN's landmarks")
    if not isinstance(content, dict) or not content:
        raise DatasetError(f"{path}: expected landmarks of frames, found {type(content).__name__}")
    return {PurePosixPath(str(name)).name: _points(path, name, entry) for name, entry in content.items()}


def _points(path: Path, name: Any, entry: Any) -> Points:
    try:
        boxes, points = (np.asarray(array, np.float64) for array in entry)
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{path}: {name}: expected boxes and points, found {type(entry).__name__}") from error
    if boxes.ndim != 2 or boxes.shape[1:] != (5,) or points.shape != (len(boxes), 10) or len(boxes) == 0:
        raise DatasetError(f"{path}: {name}: expected boxes (n, 5) and points (n, 10), found {boxes.shape} and {points.shape}")
    if not (np.isfinite(boxes).all() and np.isfinite(points).all()):
        raise DatasetError(f"{path}: {name}: expected finite coordinates, found others; get the file from its authors again")
    surest: Points = points[boxes[:, 4].argmax()].reshape(2, 5).T.copy()
    return surest
