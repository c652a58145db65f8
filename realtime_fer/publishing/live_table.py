"""A terminal's view of what a service publishes: its faces, what is reasoned about them, its health, and losses."""

from __future__ import annotations

import statistics
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import TypeVar

from rich.console import Group, RenderableType
from rich.text import Text

from realtime_fer.publishing.face_table import FaceTable
from realtime_fer.publishing.message import (
    FaceMessage,
    FrameMessage,
    HealthMessage,
    Message,
    ReasoningMessage,
    ReasoningPartialMessage,
    TrackReasoningMessage,
)
from realtime_fer.publishing.reasoning_message import ReasonerHealth
from realtime_fer.publishing.terminal_text import printable

_REMEMBERED_FRAMES = 60
"""Two seconds at 30 frames a second: rates and latencies that follow a change but can be read."""
_REMEMBERED_FACES = 64
"""Answers about faces that went away are forgotten, the oldest first."""
_SPOKEN_CHARACTERS = 240
"""Of words that grow, the last so many: a whole description would push the rest off a terminal of 24 lines."""
_HEALTH_STYLES = {"running": "green", "starting": "cyan", "stopping": "cyan", "degraded": "yellow", "failed": "bold red"}

T = TypeVar("T", ReasoningPartialMessage, ReasoningMessage | TrackReasoningMessage)


class LiveTable:
    """Takes messages as they come, and draws the newest state when asked."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._frame: FrameMessage | None = None
        self._health: HealthMessage | None = None
        self._captures_ns: deque[int] = deque(maxlen=_REMEMBERED_FRAMES)
        self._latencies_ms: deque[float] = deque(maxlen=_REMEMBERED_FRAMES)
        self._reasoning: OrderedDict[int, ReasoningMessage | TrackReasoningMessage] = OrderedDict()
        self._saying: OrderedDict[int, ReasoningPartialMessage] = OrderedDict()
        self._publisher_id = ""

    def update(self, message: Message, age_ms: float) -> None:
        """Take one message.

        Args:
            message: a frame, health, or one of the kinds of reasoning; others are not shown.
            age_ms: from capture (health: from publishing) to its arrival.
        """
        if message.publisher_id != self._publisher_id:  # what the run before said is history
            self._publisher_id = message.publisher_id
            self._frame = self._health = None
            self._captures_ns.clear()
            self._latencies_ms.clear()
            self._reasoning.clear()
            self._saying.clear()
        if isinstance(message, FrameMessage):
            self._frame = message
            self._captures_ns.append(message.capture_monotonic_ns)
            self._latencies_ms.append(age_ms)
        elif isinstance(message, ReasoningMessage):
            self._saying.pop(message.track_id, None)
            _remember(self._reasoning, message)
        elif isinstance(message, ReasoningPartialMessage):
            _remember(self._saying, message)
        elif isinstance(message, TrackReasoningMessage) and message.event == "answered":
            # Where it was heard on its own topic already, that message says more.
            if (said := self._reasoning.get(message.track_id)) is None or said.keyframe_id != message.keyframe_id:
                _remember(self._reasoning, message)
        elif isinstance(message, HealthMessage):
            self._health = message

    def render(self, *, connection: str, lost: Mapping[str, int], restarts: int, malformed: int) -> RenderableType:
        """The view as of now.

        Args:
            connection: one line that begins with "connected" where it is; shown until the first message, and where it is not.
            lost, restarts, malformed: as the subscriber counts them.
        """
        if self._frame is None and self._health is None:
            return Text(f"waiting: {connection}", style="yellow")
        parts: list[RenderableType] = [self._frame_line()]
        if self._frame is not None:
            parts.append(FaceTable(self._frame.faces))
            parts += [line for face in self._frame.faces for line in self._about(face, self._frame)]
        if self._health is not None:
            parts.append(_health_line(self._health))
        if not connection.startswith("connected"):  # what stands above is the past
            parts.append(Text(connection, style="yellow"))
        parts.append(_loss_line(lost, restarts, malformed))
        return Group(*parts)

    def _about(self, face: FaceMessage, frame: FrameMessage) -> list[Text]:
        said, saying = self._reasoning.get(face.track_id), self._saying.get(face.track_id)
        lines = [] if said is None else [_reasoning_line(said, frame)]
        return lines if saying is None else [*lines, _saying_line(saying)]

    def _frame_line(self) -> Text:
        frame = self._frame
        if frame is None:
            return Text(f"{self._endpoint}: no frame yet", style="yellow")
        line = Text.assemble(
            (printable(frame.source) or self._endpoint, "bold"), f"  {frame.width}x{frame.height}  frame {frame.frame_id}"
        )
        span_s = (self._captures_ns[-1] - self._captures_ns[0]) / 1e9
        if span_s > 0:
            line.append(f"  {(len(self._captures_ns) - 1) / span_s:.1f} fps")
        line.append(f"  capture to here {statistics.median(self._latencies_ms):.1f} ms")
        line.append(f"  dropped {frame.frames_dropped}", style="yellow" if frame.frames_dropped else "")
        return line


def _saying_line(saying: ReasoningPartialMessage) -> Text:
    """The words of an answer that is being made."""
    line = Text.assemble((f"#{saying.track_id}", "bold"), (f"  now, {printable(saying.step)}:  ", "dim"))
    spoken = printable(saying.text)
    if len(spoken) > _SPOKEN_CHARACTERS:
        spoken = f"... {spoken[-_SPOKEN_CHARACTERS:].partition(' ')[2]}"
    return line.append(f"{spoken} ...", style="cyan")


def _remember(by_track: OrderedDict[int, T], message: T) -> None:
    by_track[message.track_id] = message
    by_track.move_to_end(message.track_id)
    if len(by_track) > _REMEMBERED_FACES:
        by_track.popitem(last=False)


def _reasoning_line(said: ReasoningMessage | TrackReasoningMessage, frame: FrameMessage) -> Text:
    """What was said about a face, and how long before the newest frame its picture was taken."""
    age_s = max(0.0, (frame.capture_monotonic_ns - said.capture_monotonic_ns) / 1e9)
    line = Text.assemble((f"#{said.track_id}", "bold"), (f"  {age_s:.0f} s ago, {said.reason}:  ", "dim"))
    if said.answer is not None:
        return line.append(printable(said.answer.text))
    assert isinstance(said, ReasoningMessage)  # noqa: S101 - the other kind is kept for its answer only
    assert said.error is not None  # noqa: S101 - the schema has exactly one of the two
    return line.append(f"no answer ({said.error.kind}): {printable(said.error.message)}", style="yellow")


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
            trouble = printable(f"{stage.name} {stage.state}, {stage.restarts} restarts: {stage.last_error}")
            line.append(f"\n{trouble}", style="yellow")
    if health.reasoning is not None:
        _append_reasoner(line, health.reasoning)
    if health.refused_connections:
        line.append(f"\n{health.refused_connections} connections refused", style="yellow")
    return line


def _append_reasoner(line: Text, reasoner: ReasonerHealth) -> None:
    line.append(f"\nreasoner {printable(reasoner.name)} {reasoner.state}".replace("  ", " "))
    line.append(f"  answered {reasoner.answered} of {reasoner.asked}, failed {reasoner.failed}, replaced {reasoner.replaced}")
    if reasoner.latency_ms is not None:
        line.append(f"  p50 {reasoner.latency_ms.p50:.0f} ms")
    if reasoner.restarts:
        line.append(f"  {reasoner.restarts} restarts", style="yellow")
    if reasoner.last_error is not None:
        line.append(f"\n  last: {printable(reasoner.last_error)}", style="yellow")


def _loss_line(lost: Mapping[str, int], restarts: int, malformed: int) -> Text:
    troubles = [f"lost {count} of {topic}" for topic, count in sorted(lost.items())]
    if restarts:
        troubles.append(f"publisher restarted {restarts} times")
    if malformed:
        troubles.append(f"{malformed} malformed messages")
    return Text(", ".join(troubles) or "nothing lost", style="yellow" if troubles else "dim")
