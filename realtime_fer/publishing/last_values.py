"""The newest message of every topic, for subscribers that come late."""

from __future__ import annotations

from collections.abc import Iterable

from realtime_fer.publishing.handover import Outgoing

SUBSCRIBE = 1
"""First byte of an XPUB message that says somebody subscribed; the prefix follows. 0 says unsubscribed."""


class LastValues:
    """What was sent last on each topic, until the topic ends; nothing of topics whose messages only pass."""

    def __init__(self) -> None:
        self._wires: dict[str, bytes] = {}

    def remember(self, outgoing: Outgoing) -> None:
        """`outgoing` was just sent."""
        if outgoing.is_last:
            self.forget(outgoing.topic)
        elif not outgoing.is_passing:
            self._wires[outgoing.topic] = outgoing.wire

    def forget(self, topic: str) -> None:
        """The topic has ended."""
        self._wires.pop(topic, None)

    def matching(self, subscriptions: Iterable[bytes]) -> list[bytes]:
        """The frames that subscribers of these XPUB messages get at once, each only once.

        The frames keep their sequence numbers. ZeroMQ sends them to everybody whose subscription matches, so
        subscribers who had them already see a duplicate, and drop it.
        """
        prefixes = {message[1:] for message in subscriptions if message[:1] == bytes([SUBSCRIBE])}
        return [wire for wire in self._wires.values() if any(wire.startswith(prefix) for prefix in prefixes)]
