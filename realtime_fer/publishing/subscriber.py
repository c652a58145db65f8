"""Receives messages over ZeroMQ, for programs with threads."""

from __future__ import annotations

import time
from collections.abc import Iterator

import zmq

from realtime_fer.errors import PublishingError
from realtime_fer.publishing.message import Message
from realtime_fer.publishing.reader import Received
from realtime_fer.publishing.subscription import Subscription


class Subscriber(Subscription):
    """Typed messages from a publisher, in order, repeats dropped; reconnects by itself.

        with Subscriber("tcp://127.0.0.1:5556", topics=["frame"]) as subscriber:
            for message in subscriber:
                ...

    Connects when it is made, and belongs to the thread that made it. Either iterate, or ask for `latest`: both take
    from the same stream. Arguments: see `Subscription`.
    """

    def _prepare(self) -> None:
        self._poller = zmq.Poller()
        self._connect(zmq.Context(), self._poller)

    def receive(self, timeout_s: float | None = None) -> Message | None:
        """The next message, waiting at most `timeout_s` (None: for ever); None where none came.

        Raises:
            SecurityError: the publisher refuses this client.
            MessageError: a message is malformed, with on_malformed="raise"; the next call goes on behind it.
            PublishingError: the subscriber is closed.
        """
        received = self.receive_with_payload(timeout_s)
        return None if received is None else received.message

    def receive_with_payload(self, timeout_s: float | None = None) -> Received | None:
        """As `receive`, with the bytes as published."""
        if self._context is None:
            raise PublishingError(f"{self._endpoint}: the subscriber is closed")
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            ready = {socket for socket, _ in self._poller.poll(self._wait_ms(deadline))}
            for connection in self._connections:
                if connection.monitor in ready:
                    connection.handle(connection.monitor.recv_multipart())
                connection.reconnect_if_due()
            for connection in self._connections:
                if connection.socket in ready:
                    received = self._accept(connection.socket.recv())
                    if received is not None:
                        return received
            # A repeat or a monitor event is no answer: what waits behind it still counts as in time.
            if not ready and deadline is not None and time.monotonic() >= deadline:
                return None

    def latest(self, topic: str, max_age_ms: float, *, wait_s: float = 0.0) -> Message:
        """The newest message of one exact topic, if it is fresh; older ones that waited are skipped.

        Args:
            topic: "frame", "health" or "face.<track_id>".
            max_age_ms: counted from the frame's capture (health: from publishing) to now.
            wait_s: how long to wait where none has come yet, as after connecting.

        Raises:
            PublishingError: there is none, or it is older than `max_age_ms`.
            SecurityError: the publisher refuses this client.
        """
        while self.receive_with_payload(0.0) is not None:
            pass
        deadline = time.monotonic() + wait_s
        while not self._fresh.has(topic) and time.monotonic() < deadline:
            self.receive_with_payload(max(0.0, deadline - time.monotonic()))
        return self._fresh.get(topic, max_age_ms)

    def __iter__(self) -> Iterator[Message]:
        """Messages for ever.

        Raises:
            PublishingError: none came within the `timeout_s` given at the start.
        """
        while True:
            message = self.receive(self._timeout_s)
            if message is None:
                raise PublishingError(self._silence())
            yield message

    def __enter__(self) -> Subscriber:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
