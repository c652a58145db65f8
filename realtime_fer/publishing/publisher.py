"""What the pipeline asks of a publisher."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from realtime_fer.publishing.encoding import EncodedMessage
from realtime_fer.publishing.message import Content


class Publisher(Protocol):
    """Takes content from any thread, and never makes the caller wait for a subscriber."""

    def start(self) -> None:
        """Begin to publish.

        Raises:
            PublishingError: the endpoint cannot be used.
            SecurityError: it may not be used as asked (no keys beyond loopback).
        """
        ...

    def publish(self, content: Content) -> EncodedMessage:
        """Stamp, number, encode and hand over; never blocks on the network.

        Raises:
            PublishingError: not started, closed, or broken.
        """
        ...

    def publish_all(self, contents: Sequence[Content]) -> list[EncodedMessage]:
        """As `publish`, for several messages that belong together, in their order.

        Raises:
            PublishingError: not started, closed, or broken.
        """
        ...

    @property
    def messages_published(self) -> int:
        """Messages sent since the start."""
        ...

    @property
    def refused_connections(self) -> int:
        """Connection attempts turned away since the start."""
        ...

    def close(self, linger_ms: int = 0) -> None:
        """Send what waits, for at most `linger_ms`, and stop; may be called again."""
        ...
