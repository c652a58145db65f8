"""Receives messages over ZeroMQ, for programs on asyncio."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import zmq
import zmq.asyncio

from realtime_fer.errors import PublishingError
from realtime_fer.publishing.message import Message
from realtime_fer.publishing.reader import Received
from realtime_fer.publishing.subscription import Subscription


class AsyncSubscriber(Subscription):
    """The asyncio twin of `Subscriber`: same messages, same counts, same errors.

        async with AsyncSubscriber("tcp://127.0.0.1:5556", topics=["frame"]) as subscriber:
            async for message in subscriber:
                ...

    Connects when it is entered, and belongs to that event loop. Arguments: see `Subscription`.
    """

    def _prepare(self) -> None:
        self._poller = zmq.asyncio.Poller()

    async def receive(self, timeout_s: float | None = None) -> Message | None:
        """The next message, waiting at most `timeout_s` (None: for ever); None where none came. May be cancelled.

        Raises: as `Subscriber.receive`.
        """
        received = await self.receive_with_payload(timeout_s)
        return None if received is None else received.message

    async def receive_with_payload(self, timeout_s: float | None = None) -> Received | None:
        """As `receive`, with the bytes as published."""
        if self._context is None:
            raise PublishingError(f"{self._endpoint}: the subscriber is not open; use it in 'async with'")
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            ready = {socket for socket, _ in await self._poller.poll(self._wait_ms(deadline))}
            for connection in self._connections:
                if connection.monitor in ready:
                    connection.handle(await connection.monitor.recv_multipart())
                connection.reconnect_if_due()
            for connection in self._connections:
                if connection.socket in ready:
                    received = self._accept(await connection.socket.recv())
                    if received is not None:
                        return received
            if not ready and deadline is not None and time.monotonic() >= deadline:
                return None

    async def latest(self, topic: str, max_age_ms: float, *, wait_s: float = 0.0) -> Message:
        """The newest message of one exact topic, if it is fresh; as `Subscriber.latest`."""
        while await self.receive_with_payload(0.0) is not None:
            pass
        deadline = time.monotonic() + wait_s
        while not self._fresh.has(topic) and time.monotonic() < deadline:
            await self.receive_with_payload(max(0.0, deadline - time.monotonic()))
        return self._fresh.get(topic, max_age_ms)

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Messages for ever.

        Raises:
            PublishingError: none came within the `timeout_s` given at the start.
        """
        while True:
            message = await self.receive(self._timeout_s)
            if message is None:
                raise PublishingError(self._silence())
            yield message

    async def __aenter__(self) -> AsyncSubscriber:
        if self._connections:
            raise PublishingError(f"{self._endpoint}: a subscriber is entered once; make another")
        self._connect(zmq.asyncio.Context(), self._poller)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
