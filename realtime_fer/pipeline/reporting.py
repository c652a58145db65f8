"""From results and counts to messages: what is published, and what is written to the results file."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from realtime_fer.clock import Clock
from realtime_fer.errors import PublishingError
from realtime_fer.pipeline.assemble import ModelInUse
from realtime_fer.pipeline.reasoning_messages import reasoner_health
from realtime_fer.pipeline.worker import Worker, describe
from realtime_fer.publishing.conversion import frame_content
from realtime_fer.publishing.encoding import EncodedMessage, encode
from realtime_fer.publishing.envelope import LatencyHealth
from realtime_fer.publishing.message import (
    Content,
    HealthContent,
    ModelHealth,
    SourceHealth,
    StageHealth,
)
from realtime_fer.publishing.publisher import Publisher
from realtime_fer.publishing.reasoning_message import ReasoningContent, ReasoningPartialContent
from realtime_fer.publishing.results_writer import ResultsWriter
from realtime_fer.publishing.stamping import MessageStamper
from realtime_fer.publishing.track_answers import TrackAnswers
from realtime_fer.publishing.track_events import TrackEvents
from realtime_fer.reasoning.supervision.health import ReasonerHealth
from realtime_fer.types import FrameResult

if TYPE_CHECKING:
    from realtime_fer.pipeline.service import Service

log = logging.getLogger(__name__)


class Reporter:
    """Publishes frames, tracks and reasoning, and writes frames and reasoning to the results file.

    `report` and `end` belong to one thread; `report_reasoning` may come from another. A results file that cannot be
    written (disk full) is given up, and publishing goes on.

    Args:
        publisher: started; None publishes nothing (the results file then numbers its own messages).
        results: the results file, or None.
        expression_model: name of the classifier, repeated in each message.

    Attributes:
        results: as given; may be set later, before the first report.
        results_error: why the results file was given up.
    """

    def __init__(
        self, publisher: Publisher | None, results: ResultsWriter | None, *, expression_model: str, clock: Clock
    ) -> None:
        self._publisher = publisher
        self.results = results
        self.results_error: PublishingError | None = None
        self._expression_model = expression_model
        self._stamper = MessageStamper(clock=clock)
        self._stamping = threading.Lock()
        self._tracks = TrackEvents()
        self._answers = TrackAnswers()
        self._answering = threading.Lock()

    def report(self, result: FrameResult) -> None:
        """Send one frame message, and one message a face; write the frame message.

        Raises:
            PublishingError: the publisher is broken.
            MessageError: the result breaks the wire schema.
        """
        frame = frame_content(result, expression_model=self._expression_model)
        if self._publisher is not None:
            turns = self._tracks.update(frame, result.ended_track_ids)
            with self._answering:
                ended = self._answers.update(frame, result.ended_track_ids)
            encoded = self._publisher.publish_all([frame, *turns, *ended])[0]
        else:
            encoded = self._encode(frame)
        self._keep(encoded)

    def report_reasoning(self, content: ReasoningContent | ReasoningPartialContent) -> None:
        """Send and write how one question ended; words on the way there are only sent.

        Raises:
            PublishingError: the publisher is broken.
        """
        if isinstance(content, ReasoningPartialContent):
            if self._publisher is not None:
                self._publisher.publish(content)
            return
        encoded = self._encode(content) if self._publisher is None else self._publish_end(self._publisher, content)
        self._keep(encoded)

    def end(self) -> None:
        """Tell subscribers that the faces still in view are followed no longer; close the results file."""
        if self._publisher is not None:
            with self._answering:
                ended = self._answers.end_all()
            self._publisher.publish_all([*self._tracks.end_all(), *ended])
        if self.results is not None:
            self.results.close()

    def _publish_end(self, publisher: Publisher, content: ReasoningContent) -> EncodedMessage:
        # Both under the lock, so that no answer is kept for a face whose end was told a moment before. A frame that ends while
        # this goes on waits for two messages to be encoded.
        with self._answering:
            of_face = self._answers.answered(content)
            return publisher.publish_all([content] if of_face is None else [content, of_face])[0]

    def _keep(self, encoded: EncodedMessage) -> None:
        if self.results is None or self.results_error is not None:
            return
        try:
            self.results.write(encoded)
        except PublishingError as error:
            self.results_error = error
            log.error("%s; nothing more is written there", error)

    def _encode(self, content: Content) -> EncodedMessage:
        """As a publisher would."""
        with self._stamping:
            return encode(self._stamper.stamp(content), "json")


def health_content(
    service: Service,
    *,
    models: Sequence[ModelInUse],
    publisher: Publisher,
    heartbeat_interval_s: float,
    other_workers: Sequence[Worker] = (),
    reasoner: ReasonerHealth | None = None,
    results_error: PublishingError | None = None,
) -> HealthContent:
    """The service's state as a health message says it; a reasoner that is unwell does not make the service so."""
    counts = service.counters.snapshot()
    latency = service.counters.latency.percentiles()
    stages = [
        StageHealth(
            name=worker.name,
            state=worker.state.value,
            restarts=worker.restarts,
            last_error=None if worker.last_error is None else describe(worker.last_error),
        )
        for worker in (*service.workers, *other_workers)
    ]
    if results_error is not None:
        stages.append(StageHealth(name="results", state="failed", restarts=0, last_error=describe(results_error)))
    return HealthContent(
        state=service.state,
        uptime_s=counts.duration_s,
        source=SourceHealth(name=service.source.name, state=service.source.state.value, reconnects=service.source.reconnects),
        frames_captured=counts.frames_captured,
        frames_processed=counts.frames_processed,
        frames_dropped=counts.frames_dropped,
        dropped_by_cause=counts.dropped_by_cause,
        fps=counts.fps_recent,
        latency_ms=None if latency is None else LatencyHealth(**latency),
        stages=tuple(stages),
        models=tuple(ModelHealth(name=m.name, version=m.version, sha256=m.sha256, licence=m.licence) for m in models),
        refused_connections=publisher.refused_connections,
        messages_published=publisher.messages_published,
        heartbeat_interval_ms=heartbeat_interval_s * 1000,
        reasoning=None if reasoner is None else reasoner_health(reasoner),
    )
