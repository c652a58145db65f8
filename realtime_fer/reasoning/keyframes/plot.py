"""A picture of a clip's probabilities over time, with the keyframes that were chosen and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from realtime_fer.errors import PublishingError, missing_extra
from realtime_fer.reasoning.keyframes.keyframe import Keyframe
from realtime_fer.types import FloatArray, FrameResult

MAX_TRACKS = 12
"""More rows could not be read; those in view for longest are drawn."""

GAP_S = 0.5
"""Lines are broken where a track was out of sight for longer."""

WIDTH_INCHES = 13.0
TRACK_HEIGHT_INCHES = 3.4
THUMBNAIL_SHARE = 0.062
"""Width of a keyframe's picture, as a share of the time axis."""


@dataclass
class TrackTrace:
    """One track's smoothed probabilities over time."""

    labels: tuple[str, ...]
    times_s: list[float] = field(default_factory=list)
    probabilities: list[FloatArray] = field(default_factory=list)


@dataclass
class ClipTrace:
    """What is drawn: every track's probabilities, and the keyframes."""

    tracks: dict[int, TrackTrace] = field(default_factory=dict)
    keyframes: list[Keyframe] = field(default_factory=list)

    def add(self, result: FrameResult, keyframes: Sequence[Keyframe]) -> None:
        """Take one finished frame and what was chosen on it."""
        for face in result.faces:
            if face.expression is not None:
                trace = self.tracks.setdefault(face.track.track_id, TrackTrace(face.expression.labels))
                trace.times_s.append(result.frame.timeline_ns / 1e9)
                trace.probabilities.append(face.expression.probabilities)
        self.keyframes.extend(keyframes)


def draw_keyframes(clip: ClipTrace, path: Path, *, title: str) -> None:
    """Draw one row a track: its probabilities, and above them each keyframe's picture, reason and time.

    Raises:
        MissingExtraError: matplotlib is not installed.
        PublishingError: the picture cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing_extra("drawing keyframes", "demo", error) from error
    longest = sorted(clip.tracks, key=lambda track_id: -len(clip.tracks[track_id].times_s))[:MAX_TRACKS]
    shown = sorted(longest)
    rows = max(1, len(shown))
    figure = Figure(figsize=(WIDTH_INCHES, 0.5 + TRACK_HEIGHT_INCHES * rows), layout="constrained")
    left_out = len(clip.tracks) - len(shown)
    figure.suptitle(title + (f" ({left_out} shorter tracks not drawn)" if left_out else ""))
    if not shown:
        figure.text(0.5, 0.5, "no face", ha="center")
    end_s = max((trace.times_s[-1] for trace in clip.tracks.values()), default=1.0)
    start_s = min((trace.times_s[0] for trace in clip.tracks.values()), default=0.0)
    limits = (start_s, max(end_s, start_s + 0.1))
    grid = figure.add_gridspec(2 * rows, 1, height_ratios=(1.0, 1.6) * rows)
    for row, track_id in enumerate(shown):
        pictures, lines = figure.add_subplot(grid[2 * row]), figure.add_subplot(grid[2 * row + 1])
        _draw_lines(lines, clip.tracks[track_id], limits)
        lines.set_ylabel(f"face {track_id}")
        _draw_pictures(pictures, lines, [k for k in clip.keyframes if k.track_id == track_id], limits)
    try:
        figure.savefig(path, dpi=100)
    except (OSError, ValueError) as error:  # the latter: a file ending matplotlib does not know
        raise PublishingError(f"{path}: the picture cannot be written ({error})") from error


def spread(positions: Sequence[float], width: float, low: float, high: float) -> list[float]:
    """Move ascending positions apart by at least `width`, as little as need be, within [low, high] while there is room."""
    if not positions:
        return []
    width = min(width, (high - low) / len(positions))
    moved: list[float] = []
    for position in positions:
        moved.append(max(position, low + width / 2, moved[-1] + width if moved else position))
    ceiling = high - width / 2
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - width
    return moved


def _draw_lines(axes: Any, trace: TrackTrace, limits: tuple[float, float]) -> None:
    times = np.asarray(trace.times_s)
    probabilities = np.stack(trace.probabilities)
    gaps = np.flatnonzero(np.diff(times) > GAP_S) + 1
    times = np.insert(times, gaps, np.nan)
    probabilities = np.insert(probabilities, gaps, np.nan, axis=0)
    for index, label in enumerate(trace.labels):
        axes.plot(times, probabilities[:, index], label=label, linewidth=1.4, color=f"C{index}")
    axes.set(xlim=limits, ylim=(0, 1.02), xlabel="seconds")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize="small")


def _draw_pictures(axes: Any, lines: Any, keyframes: list[Keyframe], limits: tuple[float, float]) -> None:
    """Each keyframe's picture above the place where it was chosen; the dotted line is where its picture was taken."""
    axes.set(xlim=limits, ylim=(0, 1))
    axes.axis("off")
    width = THUMBNAIL_SHARE * (limits[1] - limits[0])
    centres = spread([keyframe.decided_s for keyframe in keyframes], 1.15 * width, *limits)
    for keyframe, centre in zip(keyframes, centres, strict=True):
        lines.axvline(keyframe.decided_s, color="black", linewidth=1.0)
        lines.axvline(keyframe.captured_s, color="black", linewidth=0.8, linestyle=":")
        picture = axes.inset_axes((centre - width / 2, 0.4, width, 0.6), transform=axes.transData)
        picture.imshow(keyframe.crop_rgb)
        picture.set_anchor("S")
        picture.axis("off")
        name = keyframe.reason.value.replace("_", "\n", 1)
        axes.text(centre, 0.38, f"{name}\n{keyframe.decided_s:.1f} s", ha="center", va="top", fontsize=7)
        axes.annotate(
            "",
            xy=(keyframe.decided_s, 1.0),
            xycoords=("data", lines.transAxes),
            xytext=(centre, 0.0),
            textcoords="data",
            arrowprops={"arrowstyle": "-", "color": "grey", "linewidth": 0.7},
            annotation_clip=False,
        )
