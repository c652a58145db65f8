"""How far a detector's figures may move with another sample of as many such pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from realtime_fer.evaluation.detection.average_precision import IOU_THRESHOLDS, RECALL_POINTS
from realtime_fer.evaluation.detection.matching import MIN_SIDE_PX, Matching
from realtime_fer.evaluation.detection.pictures import LabelledPicture
from realtime_fer.evaluation.metrics import CONFIDENCE_LEVEL
from realtime_fer.types import FaceDetection

DRAWS = 1000

Interval = tuple[float, float]


def detection_intervals(
    pictures: Sequence[LabelledPicture],
    found: Sequence[Sequence[FaceDetection]],
    *,
    confidence_threshold: float,
    min_side_px: float = MIN_SIDE_PX,
    draws: int = DRAWS,
    level: float = CONFIDENCE_LEVEL,
    seed: int = 0,
) -> Mapping[str, Interval]:
    """Percentile bootstrap intervals over pictures, of `ap50`, `recall` and `precision` as `score_detections` gives them.

    Pictures are drawn, not faces: the faces of one picture are found or missed together. A draw only says how often
    each picture counts, so detections are matched and sorted once.

    Returns:
        (low, high) by figure; (nan, nan) where the figure does not exist, as without faces or pictures.

    Source: Efron, Annals of Statistics 7(1), 1979.
    """
    verdicts = [
        Matching(picture, faces, min_side_px=min_side_px).judge(IOU_THRESHOLDS[0])
        for picture, faces in zip(pictures, found, strict=True)
    ]
    if not verdicts:
        return dict.fromkeys(("ap50", "recall", "precision"), (float("nan"), float("nan")))
    confidences = np.concatenate([v.confidences for v in verdicts])
    order = np.argsort(-confidences, kind="stable")
    correct = np.concatenate([v.correct for v in verdicts])[order]
    owner = np.repeat(np.arange(len(verdicts)), [len(v.confidences) for v in verdicts])[order]
    at_threshold = int((confidences >= confidence_threshold).sum())
    faces = np.array([len(v.found_at) for v in verdicts])

    rng = np.random.default_rng(seed)
    values: dict[str, list[float]] = {"ap50": [], "recall": [], "precision": []}
    for _ in range(draws):
        times = np.bincount(rng.integers(0, len(verdicts), len(verdicts)), minlength=len(verdicts))
        weights = times[owner]
        seen, hits = np.cumsum(weights), np.cumsum(weights * correct)
        wanted = int(times @ faces)
        values["ap50"].append(_weighted_average_precision(seen, hits, wanted))
        last = at_threshold - 1
        found_now, seen_now = (int(hits[last]), int(seen[last])) if at_threshold else (0, 0)
        values["recall"].append(found_now / wanted if wanted else float("nan"))
        values["precision"].append(found_now / seen_now if seen_now else float("nan"))
    return {name: _percentiles(np.array(drawn), level) for name, drawn in values.items()}


def share_interval(holds: int, pictures: int, *, level: float = CONFIDENCE_LEVEL) -> Interval:
    """Interval of a share of pictures, `holds` of `pictures`; (nan, nan) without pictures.

    Not a bootstrap: that knows no doubt where nothing, or everything, was counted.

    Source: Wilson, Journal of the American Statistical Association 22(158), 1927.
    """
    if not pictures:
        return float("nan"), float("nan")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, unsure = holds / pictures, z * z / pictures
    centre = (share + unsure / 2) / (1 + unsure)
    half = z / (1 + unsure) * math.sqrt(share * (1 - share) / pictures + unsure / (4 * pictures))
    return max(0.0, centre - half), min(1.0, centre + half)


def _weighted_average_precision(seen: npt.NDArray[np.int64], hits: npt.NDArray[np.int64], faces: int) -> float:
    """`average_precision` where each detection counts as often as its picture was drawn; sums are cumulative, surest first."""
    if faces == 0:
        return float("nan")
    if not len(hits) or seen[-1] == 0:
        return 0.0
    # The first detections may belong to pictures that were not drawn at all.
    precision = hits / np.maximum(seen, 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(hits / faces, RECALL_POINTS, side="left")
    return float(np.where(places < len(envelope), envelope[np.minimum(places, len(envelope) - 1)], 0.0).mean())


def _percentiles(values: npt.NDArray[np.float64], level: float) -> Interval:
    if np.isnan(values).all():
        return float("nan"), float("nan")
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
