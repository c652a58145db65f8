"""How subscribers connect: the settings of their sockets, what they subscribe to, and why nothing comes."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Sequence
from typing import Any

import zmq
from zmq.utils.monitor import parse_monitor_message

from realtime_fer.errors import PublishingError, SecurityError
from realtime_fer.publishing.curve import CurveClientKeys
from realtime_fer.publishing.endpoints import parse_endpoint

_logger = logging.getLogger(__name__)

DEFAULT_MAX_MESSAGE_BYTES = 1 << 20
"""A frame with fifty faces is about 60 kB; a peer that sends more than 1 MB is not ours and is disconnected."""
DEFAULT_HIGH_WATER_MARK = 1000
RECONNECT_INTERVAL_MS = 100
RECONNECT_INTERVAL_MAX_MS = 2000
"""A restarted service is found again within two seconds."""
HEARTBEAT_INTERVAL_MS = 2000
HEARTBEAT_TIMEOUT_MS = 10_000
"""A publisher that answers no ZeroMQ ping for this long is gone; the connection is made anew."""

_MONITORED_EVENTS = (
    zmq.Event.HANDSHAKE_SUCCEEDED
    | zmq.Event.HANDSHAKE_FAILED_AUTH
    | zmq.Event.HANDSHAKE_FAILED_PROTOCOL
    | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
    | zmq.Event.DISCONNECTED
    | zmq.Event.CONNECT_RETRIED
)


def subscription_of(topic: str) -> bytes:
    """The ZeroMQ prefix for a topic: "" is everything, "face." all faces, "face.1" that topic and no other.

    Messages are `topic SP payload`: without the space, `face.1` would also match `face.12`.
    """
    return topic.encode() if topic == "" or topic.endswith(".") else topic.encode() + b" "


def topic_groups(topics: Sequence[str], *, conflate: bool) -> list[list[str]]:
    """Which topics share a socket: all of them, or each its own where the socket keeps one message only.

    Raises:
        PublishingError: no topic, one with a space, or a prefix of many topics on a conflating socket.
    """
    if isinstance(topics, str) or not topics or any(" " in topic for topic in topics):
        raise PublishingError(
            f"topics: expected one or more of 'frame', 'face.', 'face.1', 'reasoning', 'reasoning.partial', "
            f"'reasoning.face.', 'health', '', found {topics!r}"
        )
    if not conflate:
        return [list(topics)]
    for topic in topics:
        if subscription_of(topic) == topic.encode():
            raise PublishingError(
                f"conflate keeps one message a socket, but topic {topic!r} stands for many; "
                "try 'frame', which has all faces, or conflate=False"
            )
    return [[topic] for topic in topics]


class Connection:
    """One SUB socket, what it subscribes to, and what became of its connection.

    ZeroMQ connects again by itself after most interruptions, but not where it takes the peer for broken: a refused
    handshake, or a message over the size limit. Then this connects again.

    Attributes:
        socket, monitor: to be polled by the owner; events of the monitor go to `handle`.
        state: what became of the connection, one line for people.
    """

    def __init__(
        self,
        socket: zmq.Socket[Any],
        endpoint: str,
        topics: Sequence[str],
        *,
        conflate: bool,
        high_water_mark: int,
        max_message_bytes: int,
        curve: CurveClientKeys | None,
    ) -> None:
        """Takes the socket over, and begins to connect in the background.

        Raises:
            PublishingError: the endpoint cannot be used; the socket is closed.
        """
        checked = parse_endpoint(endpoint)
        self._endpoint = endpoint
        self._address = checked.address
        self._has_keys = curve is not None
        self._max_message_bytes = max_message_bytes
        self._given_up_since_s: float | None = None
        self.state = f"no publisher answers at {endpoint} yet; is it running there?"
        self.socket: Any = socket  # plain, or of asyncio with methods to await
        self.monitor: Any = socket.get_monitor_socket(_MONITORED_EVENTS)
        options: dict[int, int | bytes] = {
            zmq.LINGER: 0,
            zmq.RCVHWM: high_water_mark,
            zmq.MAXMSGSIZE: max_message_bytes,
            zmq.IPV6: int(checked.is_ipv6),
            zmq.RECONNECT_IVL: RECONNECT_INTERVAL_MS,
            zmq.RECONNECT_IVL_MAX: RECONNECT_INTERVAL_MAX_MS,
            zmq.HEARTBEAT_IVL: HEARTBEAT_INTERVAL_MS,
            zmq.HEARTBEAT_TIMEOUT: HEARTBEAT_TIMEOUT_MS,
            zmq.HEARTBEAT_TTL: HEARTBEAT_TIMEOUT_MS,
            zmq.CONFLATE: int(conflate),
        }
        if curve is not None:
            options[zmq.CURVE_SERVERKEY] = curve.server_public_key
            options[zmq.CURVE_PUBLICKEY] = curve.public_key
            options[zmq.CURVE_SECRETKEY] = curve.secret_key
        for option, value in options.items():
            socket.setsockopt(option, value)
        for topic in topics:
            socket.setsockopt(zmq.SUBSCRIBE, subscription_of(topic))
        try:
            socket.connect(self._address)
        except zmq.ZMQError as error:
            self.close()
            raise PublishingError(f"cannot connect to {endpoint}: {error}; expected tcp://HOST:PORT or ipc://PATH") from error

    def handle(self, parts: list[bytes]) -> None:
        """Handle one event of the monitor.

        Raises:
            SecurityError: the publisher refuses this client.
        """
        event = parse_monitor_message(parts)["event"]
        if event == zmq.Event.DISCONNECTED:
            self._given_up_since_s = time.monotonic()  # unless ZeroMQ says at once that it tries again
            if self.state.startswith("connected"):
                self.state = f"{self._endpoint} went away; connecting again"
        elif event == zmq.Event.CONNECT_RETRIED:
            self._given_up_since_s = None
        elif event == zmq.Event.HANDSHAKE_SUCCEEDED:
            self._given_up_since_s = None
            self.state = f"connected to {self._endpoint}, which publishes nothing on these topics"
        elif event == zmq.Event.HANDSHAKE_FAILED_NO_DETAIL:
            mend = "is it the right server key?" if self._has_keys else "does it want CURVE keys?"
            self.state = f"{self._endpoint} answers but closes the connection during the handshake; {mend}"
        elif event == zmq.Event.HANDSHAKE_FAILED_AUTH:
            self.state = (
                f"{self._endpoint} refuses this client: its public key is not on the publisher's allow-list; "
                "put the client's .key file into the allow-list folder there"
            )
            raise SecurityError(self.state)
        elif event == zmq.Event.HANDSHAKE_FAILED_PROTOCOL:
            mend = "it seems to publish without CURVE; connect without keys" if self._has_keys else "it may want CURVE keys"
            self.state = f"{self._endpoint} does not agree on security: {mend}"
            raise SecurityError(self.state)

    def reconnect_in_s(self) -> float | None:
        """Seconds until this must connect again where ZeroMQ has given up; None where it has not."""
        if self._given_up_since_s is None:
            return None
        return max(0.0, self._given_up_since_s + RECONNECT_INTERVAL_MAX_MS / 1000 - time.monotonic())

    def reconnect_if_due(self) -> None:
        """Connect again where ZeroMQ has given up for long enough."""
        if self.reconnect_in_s() != 0.0:
            return
        self._given_up_since_s = None
        _logger.warning(
            "%s: the connection was closed as broken (a message over %d bytes, or another program?); connecting again",
            self._endpoint,
            self._max_message_bytes,
        )
        with contextlib.suppress(zmq.ZMQError):  # it may have forgotten the endpoint with the connection
            self.socket.disconnect(self._address)
        self.socket.connect(self._address)

    def close(self) -> None:
        """Disconnect; may be called again."""
        if not self.socket.closed:
            self.socket.disable_monitor()
            self.socket.close(linger=0)
            self.monitor.close(linger=0)
