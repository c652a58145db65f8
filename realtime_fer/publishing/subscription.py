"""What the subscriber with threads and the one with asyncio have in common: everything but the waiting."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import zmq

from realtime_fer.clock import Clock
from realtime_fer.errors import PublishingError
from realtime_fer.publishing.connection import (
    DEFAULT_HIGH_WATER_MARK,
    DEFAULT_MAX_MESSAGE_BYTES,
    Connection,
    topic_groups,
)
from realtime_fer.publishing.curve import CurveClientKeys
from realtime_fer.publishing.endpoints import DEFAULT_ENDPOINT
from realtime_fer.publishing.freshness import FreshMessages
from realtime_fer.publishing.message import Message
from realtime_fer.publishing.reader import MessageReader, OnMalformed, Received


class Subscription:
    """Settings, counts and the newest messages of one subscriber."""

    def __init__(
        self,
        connect: str = DEFAULT_ENDPOINT,
        *,
        topics: Sequence[str] = ("",),
        timeout_s: float | None = None,
        conflate: bool = False,
        high_water_mark: int = DEFAULT_HIGH_WATER_MARK,
        max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES,
        curve: CurveClientKeys | None = None,
        on_malformed: OnMalformed = "skip",
        same_machine: bool | None = None,
        clock: Clock | None = None,
    ) -> None:
        """
        Args:
            connect: endpoint of the publisher, which may come later.
            topics: "" for everything, "frame", "reasoning", "reasoning.partial", "health", "face." for all faces, "face.1" for
                one, likewise "reasoning.face." and "reasoning.face.1".
            timeout_s: how long iteration waits for the next message before it raises; None waits for ever.
            conflate: keep only the newest message of each topic while nobody reads; the ones skipped count as lost.
            high_water_mark: messages kept here while nobody reads; at least 1.
            max_message_bytes: a peer that sends more is disconnected.
            curve: keys, where the publisher has CURVE.
            on_malformed: "skip" counts and logs messages that cannot be read, "raise" raises MessageError.
            same_machine: whether monotonic stamps compare; None decides by the endpoint (loopback and ipc do). Say
                False where a tunnel makes another machine look local.

        Raises:
            PublishingError: endpoint, topics or numbers that cannot be used.
        """
        if high_water_mark < 1 or max_message_bytes < 1:
            raise PublishingError(
                "expected a high_water_mark and max_message_bytes of at least 1, "
                f"found {high_water_mark} and {max_message_bytes}"
            )
        self._endpoint = connect
        self._timeout_s = timeout_s
        self._conflate = conflate
        self._high_water_mark = high_water_mark
        self._max_message_bytes = max_message_bytes
        self._curve = curve
        self._topic_groups = topic_groups(topics, conflate=conflate)
        self._reader = MessageReader(on_malformed)
        self._connections: list[Connection] = []
        self._context: zmq.Context[Any] | None = None
        self._fresh = FreshMessages(connect, same_machine=same_machine, clock=clock)
        self._prepare()

    def _prepare(self) -> None:
        """What a subclass does when it is made; here, so that both kinds share one typed signature."""
        raise NotImplementedError

    @property
    def lost(self) -> dict[str, int]:
        """Messages lost by topic, told by gaps in the sequence numbers; only topics with a loss appear."""
        return dict(self._reader.sequences.lost)

    @property
    def restarts(self) -> int:
        """How often the publisher was seen to restart."""
        return self._reader.sequences.restarts

    @property
    def duplicates(self) -> int:
        """Repeats dropped; they come when another subscriber joins."""
        return self._reader.sequences.duplicates

    @property
    def malformed(self) -> int:
        """Messages that could not be read."""
        return self._reader.malformed

    @property
    def unknown_kinds(self) -> int:
        """Messages skipped because a newer publisher sends kinds that this reader does not know."""
        return self._reader.unknown_kinds

    @property
    def connection(self) -> str:
        """What became of the connection, one line for people; as of the last call that received."""
        return self._connections[0].state if self._connections else "not connected"

    def age_ms(self, message: Message) -> float:
        """Milliseconds from the capture of what `message` says (health: from its publishing) to now."""
        return self._fresh.age_ms(message)

    def _connect(self, context: zmq.Context[Any], poller: zmq.Poller) -> None:
        """One socket a group of topics, with its monitor, made in `context`, now ours, and registered with `poller`."""
        self._context = context
        try:
            for topics in self._topic_groups:
                connection = Connection(
                    context.socket(zmq.SUB),
                    self._endpoint,
                    topics,
                    conflate=self._conflate,
                    high_water_mark=self._high_water_mark,
                    max_message_bytes=self._max_message_bytes,
                    curve=self._curve,
                )
                self._connections.append(connection)
                poller.register(connection.socket, zmq.POLLIN)
                poller.register(connection.monitor, zmq.POLLIN)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Disconnect; may be called again."""
        context, self._context = self._context, None
        if context is None:
            return
        for connection in self._connections:
            connection.close()
        context.term()

    def _wait_ms(self, deadline_s: float | None) -> int:
        """How long to poll: until the deadline (time.monotonic) or the next reconnect; -1 for ever."""
        dues = [due for due in (connection.reconnect_in_s() for connection in self._connections) if due is not None]
        if deadline_s is not None:
            dues.append(max(0.0, deadline_s - time.monotonic()))
        return math.ceil(min(dues) * 1000) if dues else -1

    def _accept(self, wire: bytes) -> Received | None:
        """What is new in one ZeroMQ frame, remembered; None where there is nothing."""
        received = self._reader.read(wire)
        if received is not None:
            self._fresh.put(received.message)
        return received

    def _silence(self) -> str:
        """For the error of an iteration that waited in vain."""
        return f"no message within {self._timeout_s:g} s: {self.connection}"
