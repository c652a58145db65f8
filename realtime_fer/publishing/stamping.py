"""Puts the envelope on: topic, sequence number, publisher and time."""

from __future__ import annotations

import secrets

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.publishing.message import (
    FACE_REASONING_TOPIC_PREFIX,
    FACE_TOPIC_PREFIX,
    FRAME_TOPIC,
    HEALTH_TOPIC,
    REASONING_PARTIAL_TOPIC,
    REASONING_TOPIC,
    SCHEMA_VERSION,
    Content,
    FrameContent,
    FrameMessage,
    HealthMessage,
    Message,
    ReasoningMessage,
    ReasoningPartialMessage,
    TrackContent,
    TrackMessage,
    TrackReasoningMessage,
    is_last_of_topic,
)
from realtime_fer.publishing.reasoning_message import ReasoningContent, ReasoningPartialContent, TrackReasoningContent

_PUBLISHER_ID_BYTES = 8
"""64 random bits: two runs never share an id."""


class MessageStamper:
    """Numbers the messages of each topic from 0 within one run. Not thread-safe: its owner holds the lock."""

    def __init__(self, *, publisher_id: str | None = None, clock: Clock | None = None) -> None:
        self.publisher_id = publisher_id or secrets.token_hex(_PUBLISHER_ID_BYTES)
        self._clock = clock or SystemClock()
        self._next_sequence: dict[str, int] = {}

    def stamp(self, content: Content) -> Message:
        """The message that says `content` now, as the next one of its topic."""
        if isinstance(content, FrameContent):
            message: Message = FrameMessage.model_validate(self._fields(content, "frame", FRAME_TOPIC))
        elif isinstance(content, TrackContent):
            topic = f"{FACE_TOPIC_PREFIX}{content.track_id}"
            message = TrackMessage.model_validate(self._fields(content, "track", topic))
        elif isinstance(content, ReasoningContent):
            message = ReasoningMessage.model_validate(self._fields(content, "reasoning", REASONING_TOPIC))
        elif isinstance(content, ReasoningPartialContent):
            fields = self._fields(content, "reasoning_partial", REASONING_PARTIAL_TOPIC)
            message = ReasoningPartialMessage.model_validate(fields)
        elif isinstance(content, TrackReasoningContent):
            topic = f"{FACE_REASONING_TOPIC_PREFIX}{content.track_id}"
            message = TrackReasoningMessage.model_validate(self._fields(content, "track_reasoning", topic))
        else:
            message = HealthMessage.model_validate(self._fields(content, "health", HEALTH_TOPIC))
        if is_last_of_topic(message):
            del self._next_sequence[message.topic]  # track ids are not reused; a long run must not collect them
        return message

    def _fields(self, content: Content, kind: str, topic: str) -> dict[str, object]:
        sequence = self._next_sequence.get(topic, 0)
        self._next_sequence[topic] = sequence + 1
        # The content's own fields are validated and frozen already: pydantic passes its parts through untouched.
        return {
            **vars(content),
            "schema_version": SCHEMA_VERSION,
            "kind": kind,
            "topic": topic,
            "sequence": sequence,
            "publisher_id": self.publisher_id,
            "published_unix_ns": self._clock.unix_ns(),
            "published_monotonic_ns": self._clock.monotonic_ns(),
        }
