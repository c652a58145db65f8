"""Non-maximum suppression: of boxes on the same face, keep the surest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realtime_fer.types import FloatArray


def suppress_overlaps(
    boxes_xyxy: FloatArray, confidences: FloatArray, *, iou_threshold: float, max_kept: int | None = None
) -> npt.NDArray[np.intp]:
    """Greedy suppression: take the surest box, drop those that overlap it by more than the threshold, repeat.

    Args:
        boxes_xyxy: float32, shape (N, 4). Boxes without area overlap nothing.
        confidences: float32, shape (N,). Equal ones keep their order.
        iou_threshold: largest intersection over union, in [0, 1], that two kept boxes may have.
        max_kept: stop after so many.

    Returns:
        Indices of the kept boxes, surest first.
    """
    order = np.argsort(-confidences, kind="stable")
    limit = len(order) if max_kept is None else max_kept
    # Sorted once, so that what remains is always a plain subset in order.
    x0, y0, x1, y1 = np.ascontiguousarray(boxes_xyxy[order].T)
    areas = np.maximum(x1 - x0, 0) * np.maximum(y1 - y0, 0)
    remaining = np.arange(len(order))
    kept: list[int] = []
    while len(remaining) and len(kept) < limit:
        best, rest = remaining[0], remaining[1:]
        kept.append(int(best))
        if not len(rest):
            break
        width = np.minimum(x1[best], x1[rest]) - np.maximum(x0[best], x0[rest])
        height = np.minimum(y1[best], y1[rest]) - np.maximum(y0[best], y0[rest])
        intersection = np.maximum(width, 0) * np.maximum(height, 0)
        # intersection / union > threshold, without dividing by a union that may be zero.
        overlapping = intersection > iou_threshold * (areas[best] + areas[rest] - intersection)
        remaining = rest[~overlapping]
    return order[np.asarray(kept, dtype=np.intp)]
