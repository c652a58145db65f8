"""A terminal's view of what a service publishes: its faces, its health, and what was lost on the way."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from realtime_fer.publishing.message import FaceMessage, FrameMessage, HealthMessage, Message

_REMEMBERED_FRAMES = 60
"""Two seconds at 30 frames a second: rates and latencies that follow a change but can be read."""
_BAR_WIDTH = 16
_HEALTH_STYLES = {"running": "green", "starting": "cyan", "stopping": "cyan", "degraded": "yellow", "failed": "bold red"}


class LiveTable:
    """Takes messages as they come, and draws the newest state when asked."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._frame: FrameMessage | None = None
        self._health: HealthMessage | None = None
        self._captures_ns: deque[int] = deque(maxlen=_REMEMBERED_FRAMES)
        self._latencies_ms: deque[float] = deque(maxlen=_REMEMBERED_FRAMES)
        self._publisher_id = ""

    def update(self, message: Message, age_ms: float) -> None:
        """Take one message.

        Args:
            message: a frame or health; others are not shown.
            age_ms: from capture (health: from publishing) to its arrival.
        """
        if message.publisher_id != self._publisher_id:  # what the run before said is history
            self._publisher_id = message.publisher_id
            self._frame = self._health = None
            self._captures_ns.clear()
            self._latencies_ms.clear()
        if isinstance(message, FrameMessage):
            self._frame = message
            self._captures_ns.append(message.capture_monotonic_ns)
            self._latencies_ms.append(age_ms)
        elif isinstance(message, HealthMessage):
            self._health = message

    def render(self, *, connection: str, lost: Mapping[str, int], restarts: int, malformed: int) -> RenderableType:
        """The view as of now.

        Args:
            connection: one line, shown until the first message.
            lost, restarts, malformed: as the subscriber counts them.
        """
        if self._frame is None and self._health is None:
            return Text(f"waiting: {connection}", style="yellow")
        parts: list[RenderableType] = [self._frame_line()]
        if self._frame is not None:
            parts.append(_face_table(self._frame.faces))
        if self._health is not None:
            parts.append(_health_line(self._health))
        parts.append(_loss_line(lost, restarts, malformed))
        return Group(*parts)

    def _frame_line(self) -> Text:
        frame = self._frame
        if frame is None:
            return Text(f"{self._endpoint}: no frame yet", style="yellow")
        line = Text.assemble(
            (frame.source or self._endpoint, "bold"), f"  {frame.width}x{frame.height}  frame {frame.frame_id}"
        )
        span_s = (self._captures_ns[-1] - self._captures_ns[0]) / 1e9
        if span_s > 0:
            line.append(f"  {(len(self._captures_ns) - 1) / span_s:.1f} fps")
        line.append(f"  capture to here {statistics.median(self._latencies_ms):.1f} ms")
        line.append(f"  dropped {frame.frames_dropped}", style="yellow" if frame.frames_dropped else "")
        return line


def _face_table(faces: tuple[FaceMessage, ...]) -> Table:
    table = Table(expand=False, show_edge=False, pad_edge=False)
    table.add_column("id", justify="right", style="bold")
    table.add_column("expression", min_width=10)
    table.add_column("probability", min_width=_BAR_WIDTH + 5, no_wrap=True)
    table.add_column("valence", justify="right")
    table.add_column("arousal", justify="right")
    table.add_column("box x, y, w x h", no_wrap=True)
    table.add_column("seen", no_wrap=True)
    table.add_column("age", justify="right")
    for face in faces:
        expression = face.expression
        left, top, right, bottom = face.bbox_xyxy
        table.add_row(
            str(face.track_id),
            expression.label if expression else "not classified",
            _bar(expression.confidence) if expression else "",
            _signed(expression.valence if expression else None),
            _signed(expression.arousal if expression else None),
            f"{left:.0f}, {top:.0f}, {right - left:.0f} x {bottom - top:.0f}",
            "detected" if face.detected else f"predicted {face.missed_frames}",
            str(face.age_frames),
            style="" if face.detected else "dim",
        )
    if not faces:
        table.add_row("", Text("no face", style="dim"))
    return table


def _bar(probability: float) -> Text:
    filled = round(probability * _BAR_WIDTH)
    return Text.assemble(("█" * filled, "green"), ("░" * (_BAR_WIDTH - filled), "dim"), f" {probability:4.0%}")


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def _health_line(health: HealthMessage) -> Text:
    line = Text.assemble(
        (health.state, _HEALTH_STYLES[health.state]),
        f"  up {health.uptime_s:.0f} s  source {health.source.state}",
        f"  {health.fps:.1f} fps  processed {health.frames_processed} of {health.frames_captured}",
    )
    if health.latency_ms is not None:
        latency = health.latency_ms
        line.append(f"  capture to publish p50 {latency.p50:.0f} p95 {latency.p95:.0f} p99 {latency.p99:.0f} ms")
    for stage in health.stages:
        if stage.last_error is not None:
            line.append(f"\n{stage.name} {stage.state}, {stage.restarts} restarts: {stage.last_error}", style="yellow")
    if health.refused_connections:
        line.append(f"\n{health.refused_connections} connections refused", style="yellow")
    return line


def _loss_line(lost: Mapping[str, int], restarts: int, malformed: int) -> Text:
    troubles = [f"lost {count} of {topic}" for topic, count in sorted(lost.items())]
    if restarts:
        troubles.append(f"publisher restarted {restarts} times")
    if malformed:
        troubles.append(f"{malformed} malformed messages")
    return Text(", ".join(troubles) or "nothing lost", style="yellow" if troubles else "dim")
