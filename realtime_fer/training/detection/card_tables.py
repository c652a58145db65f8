"""The tables of a face detector's card, as Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realtime_fer.evaluation.detection.average_precision import DetectionScores, score_detections
from realtime_fer.evaluation.detection.false_faces import count_with_face
from realtime_fer.evaluation.detection.intervals import Interval, detection_intervals, share_interval
from realtime_fer.evaluation.detection.report import DetectionReport
from realtime_fer.zoo.manifest import DetectorManifest

SMALLEST_FACES_PX = (12.0, 16.0, 40.0)
"""AP50 is given where smaller faces count neither way."""

FALSE_FACE_THRESHOLDS = (0.3, 0.45, 0.6, 0.8)
"""Scores at which false faces are counted, beside the model's own threshold."""


@dataclass(frozen=True, slots=True, eq=False)
class EmptyPictures:
    """Pictures without a face and what a detector made of them.

    Attributes:
        surest: by input size ("320 px"), then by picture's name, the score of the surest detection.
        by_source: whether each source (what stands before the first `_` of a name) has a row of its own as well.
    """

    surest: Mapping[str, Mapping[str, float]]
    by_source: bool


def source_table(report: DetectionReport, manifest: DetectorManifest, draws: int) -> str:
    """One row a source, "all" first, with bootstrap intervals."""
    rows = ["| source | pictures | faces | AP50 | AP | recall | precision |", "|---|---|---|---|---|---|---|"]
    for source, scores in report.scores.items():
        members = [i for i, picture in enumerate(report.pictures) if source in ("all", picture.source)]
        intervals = detection_intervals(
            [report.pictures[i] for i in members],
            [report.found[i] for i in members],
            confidence_threshold=manifest.confidence_threshold,
            draws=draws,
        )
        figures = {"ap50": scores.ap50, "recall": scores.recall, "precision": scores.precision}
        ap50, recall, precision = (_with_interval(value, intervals[name]) for name, value in figures.items())
        label = source if source == "all" else f"`{source}`"
        rows.append(
            f"| {label} | {scores.pictures} | {scores.faces} | {ap50} | {_figure(scores.ap)} | {recall} | {precision} |"
        )
    return "\n".join(rows)


def smallest_face_table(reports: Mapping[str, DetectionReport], manifest: DetectorManifest) -> str:
    """AP50 by the smallest face that counts, one row a report."""
    rows = [
        f"| AP50, smallest face that counts | {' | '.join(f'{px:g} px' for px in SMALLEST_FACES_PX)} |",
        "|---|" + "---|" * len(SMALLEST_FACES_PX),
    ]
    for name, report in reports.items():
        scores = [
            score_detections(report.pictures, report.found, confidence_threshold=manifest.confidence_threshold, min_side_px=px)
            for px in SMALLEST_FACES_PX
        ]
        rows.append(f"| {name} | {' | '.join(_figure(s.ap50) for s in scores)} |")
    return "\n".join(rows)


def size_table(reports: Mapping[str, DetectionReport]) -> str:
    """Recall by the size of the face, one column a report."""
    first = next(iter(reports.values()))
    rows = [
        f"| shorter side of the face | faces | {' | '.join(f'recall, {name}' for name in reports)} |",
        "|---|---|" + "---|" * len(reports),
    ]
    for band, size in first.by_size.items():
        recalls = " | ".join(_figure(report.by_size[band].recall) for report in reports.values())
        rows.append(f"| {band} px | {size.faces} | {recalls} |")
    recalls = " | ".join(_figure(report.conversation.recall) for report in reports.values())
    rows.append(f"| 40-300 px | {first.conversation.faces} | {recalls} |")
    return "\n".join(rows)


def robustness_table(spoiled: Mapping[str, Mapping[str, DetectionScores]]) -> str:
    """One row a spoiling; `spoiled` holds scores by spoiling, then by input size."""
    sizes = list(next(iter(spoiled.values())))
    rows = [
        f"| change | faces | {' | '.join(f'AP50, {size} | recall' for size in sizes)} |",
        "|---|---|" + "---|---|" * len(sizes),
    ]
    for name, by_size in spoiled.items():
        figures = " | ".join(f"{_figure(by_size[size].ap50)} | {_figure(by_size[size].recall)}" for size in sizes)
        rows.append(f"| {name} | {by_size[sizes[0]].faces} | {figures} |")
    return "\n".join(rows)


def false_face_table(groups: Mapping[str, EmptyPictures], manifest: DetectorManifest) -> str:
    """Share of the pictures without a face that get one, by score; groups without pictures are left out."""
    thresholds = sorted({*FALSE_FACE_THRESHOLDS, manifest.confidence_threshold})
    heads = " | ".join(f"from {threshold:g}" for threshold in thresholds)
    rows = [f"| pictures | n | input | {heads} |", "|---|---|---|" + "---|" * len(thresholds)]
    for group, empty in groups.items():
        every = {picture for scores in empty.surest.values() for picture in scores}
        rows += _false_face_rows(group, empty.surest, every, thresholds, intervals=True)
        for source in sorted({_source(picture) for picture in every}) if empty.by_source else ():
            members = {picture for picture in every if _source(picture) == source}
            rows += _false_face_rows(f"{group}, `{source}`", empty.surest, members, thresholds, intervals=False)
    return "\n".join(rows)


def speed_table(speeds: Mapping[tuple[int, int], Mapping[str, float]], reference: str) -> str:
    """Milliseconds by file (rows) and input size (columns), see `evaluation.detection.speed`.

    In brackets, where `reference` is among them, the ratio to it.
    """
    heads = " | ".join(f"{height}x{width}" for height, width in speeds)
    rows = [f"| file | {heads} |", "|---|" + "---|" * len(speeds)]
    for name in next(iter(speeds.values())):
        cells = []
        for taken in speeds.values():
            ratio = f" ({taken[name] / taken[reference]:.2f}x)" if reference in taken else ""
            cells.append(f"{taken[name]:.2f} ms{ratio}")
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _false_face_rows(
    label: str,
    surest: Mapping[str, Mapping[str, float]],
    members: set[str],
    thresholds: Sequence[float],
    *,
    intervals: bool,
) -> list[str]:
    rows = []
    for size, scores in surest.items() if members else ():
        shares = []
        for threshold in thresholds:
            held = count_with_face((score for picture, score in scores.items() if picture in members), threshold)
            low, high = share_interval(held, len(members))
            shares.append(f"{held / len(members):.1%}" + (f" ({low:.1%} - {high:.1%})" if intervals else ""))
        rows.append(f"| {label} | {len(members)} | {size} | {' | '.join(shares)} |")
    return rows


def _source(picture: str) -> str:
    return picture.split("_", maxsplit=1)[0]


def _with_interval(value: float, interval: Interval) -> str:
    return f"{_figure(value)} ({_figure(interval[0])} - {_figure(interval[1])})"


def _figure(value: float) -> str:
    """A dash where there was nothing to count."""
    return "-" if math.isnan(value) else f"{value:.3f}"
